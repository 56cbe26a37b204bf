"""The stages of a year's evaluation, once, in order. The command line and the DAGs both call them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from landgauge import log
from landgauge.settings import Settings, StageResult
from warehouse import lock, manifest

_log = log.get("stage")


@dataclass(frozen=True)
class Stage:
    """A named step; `run` imports what it needs, so that listing the stages costs nothing."""

    name: str
    run: Callable[[Settings], StageResult]


def _ingest(settings: Settings) -> StageResult:
    from ingestion.load import ingest

    return ingest(settings)


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


def run_stage(name: str, settings: Settings) -> StageResult:
    """Run one stage under the warehouse lock and record its time, memory and rows.

    Raises LandgaugeError with the exit code that the command line returns.
    """
    stage = next(s for s in STAGES if s.name == name)
    with lock.writer(settings), _peak_memory() as peak:
        started_at, start = datetime.now(UTC), time.perf_counter()
        _log.info("%d %s …", settings.year, name)
        result = stage.run(settings)
        seconds = time.perf_counter() - start
        manifest.record_stage(settings, name, started_at, seconds, peak(), result.rows)
    detail = ", ".join(f"{k} {v:,}" for k, v in result.rows.items())
    _log.info("%d %s done in %.1f s, %.0f MB. %s", settings.year, name, seconds, peak(), detail)
    for complaint in result.complaints:
        _log.warning("%s", complaint)
    return result


def evaluate(settings: Settings) -> tuple[str, ...]:
    """Run every stage of a year in this process; return the complaints of all of them."""
    with lock.writer(settings):
        return tuple(c for stage in STAGES for c in run_stage(stage.name, settings).complaints)


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
