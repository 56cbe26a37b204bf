"""What is kept of each stage as it runs: its line in the journal and its OpenLineage events.

Nothing here can make a stage fail, or hold it up for more than some seconds in a process.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from landgauge import journal, lineage, log
from landgauge.settings import Settings, StageResult
from warehouse import built

_log = log.get("observe")
_SLOWEST = 10
_WARNED = 50


@contextmanager
def observed(settings: Settings, stage: str) -> Iterator[Callable[[StageResult, float, float | None], None]]:
    """Keep what happens in the block, which calls what it is given with result, seconds and peak memory in MB.

    Memory may be None: not known. A block that raises is kept as failed, with the error's message.
    """
    began, start, ended = datetime.now(UTC), time.perf_counter(), {}
    attempt = {"id": _id(settings, stage, began), "year": settings.year, "stage": stage}
    attempt |= {"started_at": _iso(began), "state": "begun"}
    nodes: list[built.Node] = []

    def done(result: StageResult, seconds: float, peak_mb: float | None) -> None:
        ended.update(state="done", seconds=seconds, peak_mb=peak_mb, rows=dict(result.rows))
        ended.update(complaints=list(result.complaints), unchanged=result.unchanged)

    _keep(settings, attempt, nodes)
    try:
        with log.about(year=settings.year, stage=stage), built.collecting() as nodes:
            yield done
    except BaseException as error:
        ended = {"state": "failed", "seconds": time.perf_counter() - start, "error": _said(error)}
        raise
    finally:
        _keep(settings, attempt | ended | _of_nodes(nodes) | {"ended_at": _iso(datetime.now(UTC))}, nodes)


def unchanged(settings: Settings, stage: str, result: StageResult) -> None:
    """Keep that a stage was looked at and nothing that it reads had changed; the result is that of the last time."""
    with observed(settings, stage) as done:
        done(result, 0.0, None)


def _keep(settings: Settings, attempt: dict[str, Any], nodes: list[built.Node]) -> None:
    for keep in (lambda: journal.append(settings.logs, attempt), lambda: lineage.emit(settings, attempt, nodes)):
        try:
            keep()
        except Exception as error:  # whatever a full disk or somebody's server leads to: the stage is not concerned
            _log.warning("what %s did is not recorded: %s: %s", attempt["stage"], type(error).__name__, error)


def _of_nodes(nodes: list[built.Node]) -> dict[str, Any]:
    """The slowest nodes, and the tests that warned or failed."""
    slowest = sorted(nodes, key=lambda n: (-n.seconds, n.name))[:_SLOWEST]
    odd = [n for n in nodes if n.message][:_WARNED]
    return {
        "nodes": [{k: v for k, v in asdict(n).items() if k in ("name", "kind", "seconds")} for n in slowest],
        "warned": [{k: v for k, v in asdict(n).items() if k in ("name", "state", "message")} for n in odd],
    }


def _id(settings: Settings, stage: str, began: datetime) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.warehouse}/{settings.year}/{stage}/{began.isoformat()}"))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {getattr(error, 'message', None) or error}"
