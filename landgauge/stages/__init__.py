"""The stages of a year's evaluation, once, in order. The command line and the DAGs both call them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import psutil

from landgauge import faults, log
from landgauge.errors import LandgaugeError
from landgauge.observe import observed, unchanged
from landgauge.settings import Settings, StageResult
from landgauge.stages import progress
from warehouse import lock, manifest

_log = log.get("stage")


@dataclass(frozen=True)
class Stage:
    """A named step; `run` imports what it needs, so that listing the stages costs nothing."""

    name: str
    run: Callable[[Settings], StageResult]


def _ingest(settings: Settings) -> StageResult:
    from ingestion import unchanged

    looked = unchanged.look(settings)
    known = unchanged.last(settings, looked, is_out=lambda: progress.is_out(settings))
    if known:
        return known
    from ingestion.load import ingest  # takes long to import

    return ingest(settings, looked)


def _settle_again(settings: Settings) -> None:
    from ingestion.load import settle_again

    settle_again(settings)


def _check(settings: Settings) -> StageResult:
    from expectations.gate import check

    return check(settings)


def _build(settings: Settings) -> StageResult:
    from warehouse.transform import run_layer

    return run_layer(settings, "indicators")


def _score(settings: Settings) -> StageResult:
    from landgauge.stages.score import score

    return score(settings)


def _contracts(settings: Settings) -> StageResult:
    from landgauge.stages.contracts import contracts
    from landgauge.stages.publication import publication

    return _together(contracts(settings), publication(settings))


def _together(first: StageResult, second: StageResult) -> StageResult:
    rows = {name: first.rows.get(name, 0) + second.rows.get(name, 0) for name in dict(first.rows) | dict(second.rows)}
    return StageResult(rows=rows, complaints=first.complaints + second.complaints)


def _forecast(settings: Settings) -> StageResult:
    from landgauge.stages.forecast import forecast

    return forecast(settings)


def _publish(settings: Settings) -> StageResult:
    from landgauge.stages.publication import undecided
    from warehouse.publish import publish

    return _together(publish(settings), StageResult(complaints=undecided(settings)))


def _report(settings: Settings) -> StageResult:
    from reporting.report import report

    return report(settings)


STAGES: tuple[Stage, ...] = (
    Stage("ingest", _ingest),
    Stage("check", _check),
    Stage("build", _build),
    Stage("score", _score),
    Stage("contracts", _contracts),
    Stage("forecast", _forecast),
    Stage("publish", _publish),
    Stage("report", _report),
)

NEED_BUILD = ("score", "contracts", "forecast")


def run_stage(name: str, settings: Settings) -> StageResult:
    """Run one stage under the warehouse lock and record its time, memory and rows; not where nothing has changed.

    A stage that reads the indicator marts has them built first where the working file holds another year's.
    Raises LandgaugeError with the exit code that the command line returns.
    """
    stage = next(s for s in STAGES if s.name == name)
    with lock.writer(settings):
        known = progress.unchanged(settings, name) if name != "ingest" else None
        if known is not None:
            unchanged(settings, name, known)
        if known is None and name in NEED_BUILD and not progress.stands(settings, "build"):
            run_stage("build", settings)
        return _told(name, settings, known or _explained(stage, settings))


def _told(name: str, settings: Settings, result: StageResult) -> StageResult:
    if result.unchanged:
        _log.info("%d %s: nothing has changed", settings.year, name, extra={"year": settings.year, "stage": name})
    for complaint in result.complaints:
        _log.warning("%s", complaint, extra={"year": settings.year, "stage": name})
    return result


def _explained(stage: Stage, settings: Settings) -> StageResult:
    """Run a stage; where the machine's disk or memory was at its end, that is the error."""
    try:
        return _run(stage, settings)
    except LandgaugeError:
        raise
    except Exception as error:
        told = faults.lacking(error)
        if told is None:
            raise
        raise told from error


def _run(stage: Stage, settings: Settings) -> StageResult:
    """Run a stage, and note what it cost and what it read."""
    name = stage.name
    with _peak_memory() as peak, observed(settings, name) as done:
        started_at, start = datetime.now(UTC), time.perf_counter()
        _log.info("%d %s …", settings.year, name)
        result = stage.run(settings) if name == "ingest" else _remembered(stage, settings)
        faults.stop_if_ended()
        seconds = time.perf_counter() - start
        if not result.unchanged:
            manifest.record_stage(settings, name, started_at, seconds, peak(), result.rows)
        done(result, seconds, peak())
    if result.unchanged:
        return result
    detail = ", ".join(f"{k} {v:,}" for k, v in result.rows.items())
    told = {"year": settings.year, "stage": name}
    cost = {"seconds": round(seconds, 3), "rows": dict(result.rows), "memory_mb": round(peak(), 1)}
    _log.info("%d %s done in %.1f s, %.0f MB. %s", settings.year, name, seconds, peak(), detail, extra=told | cost)
    return result


def _remembered(stage: Stage, settings: Settings) -> StageResult:
    """Run a stage so that it is known from what it was done; `ingest` keeps a memory of its own."""
    if stage.name in ("check", *NEED_BUILD, "build"):
        _settle_again(settings)
    before = progress.look(settings)
    progress.begin(settings, stage.name)
    result = replace(stage.run(settings), unchanged=False)  # the rows stand, but now they are this run's
    progress.end(settings, stage.name, result, before)
    return result


def forget(settings: Settings) -> None:
    """Forget what was done and from what, so that everything is done anew."""
    with lock.writer(settings):
        progress.forget(settings)


def evaluate(settings: Settings) -> tuple[str, ...]:
    """Run every stage of a year in this process; return the complaints of all of them."""
    first, *others = (stage.name for stage in STAGES)
    with lock.writer(settings):
        results = [run_stage(first, settings)]
        same = progress.leading(settings, others)  # looked at once: such stages change nothing for the next
        for name, result in zip(others, same, strict=False):
            unchanged(settings, name, result)
            results.append(_told(name, settings, result))
        results += [run_stage(name, settings) for name in others[len(same) :]]
    return tuple(complaint for result in results for complaint in result.complaints)


@contextmanager
def _peak_memory(interval_s: float = 0.05) -> Iterator[Callable[[], float]]:
    """Sample this process's resident memory; yields a function that returns the peak in MB."""
    process, peak, stop = psutil.Process(), [0], threading.Event()

    def sample() -> None:
        while not stop.is_set():
            peak[0] = max(peak[0], process.memory_info().rss)
            stop.wait(interval_s)

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield lambda: peak[0] / 1e6
    finally:
        stop.set()
        sampler.join()
