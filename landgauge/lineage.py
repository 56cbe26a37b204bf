"""OpenLineage events of the stages: to `WAREHOUSE/logs/openlineage.jsonl`, or where OPENLINEAGE_… says.

The events are plain JSON by the specification 2-0-2. OpenLineage's client takes 0.4 s to import, so it is used only
where events leave the machine; the tests hold the events against its classes.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from landgauge import __version__, log
from landgauge.lineage_datasets import Datasets, datasets, facet
from landgauge.settings import Settings

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

    from warehouse.built import Node

FILE = "openlineage.jsonl"
NAMESPACE = "landgauge"
_LIMIT = 20_000_000  # bytes of the file
_SEND_S = 2.0  # a lineage server that takes longer gets nothing more from this process
_EVENT_TYPES = {"begun": "START", "done": "COMPLETE", "failed": "FAIL"}
_RUN_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_log = log.get("lineage")
_sending: list[tuple[threading.Thread, list[str]]] = []
_state = {"off": False}


def emit(settings: Settings, attempt: Mapping[str, Any], nodes: Sequence[Node]) -> None:
    """Send the event of a stage that begins or ends; `attempt` is its line in the journal (landgauge.journal).

    A stage that failed or found nothing changed has no datasets. Raises OSError where the file cannot be written; a
    server out of reach is one warning in the log.
    """
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true" or _state["off"]:
        return
    wrote = attempt["state"] == "done" and not attempt["unchanged"]
    said = event(settings, attempt, _datasets(settings, attempt["stage"], nodes) if wrote else Datasets())
    if _is_elsewhere():
        _send(said)
    else:
        log.append(settings.logs / FILE, json.dumps(said, ensure_ascii=False) + "\n", _LIMIT)


def _datasets(settings: Settings, stage: str, nodes: Sequence[Node]) -> Datasets:
    try:
        return datasets(settings, stage, nodes)
    except duckdb.Error as error:  # the end of a stage is told all the same
        _log.warning("the event of %s has no datasets: %s", stage, str(error).splitlines()[0])
        return Datasets()


def event(settings: Settings, attempt: Mapping[str, Any], about: Datasets) -> dict[str, Any]:
    """Return a run event as JSON: the job is the stage, its run the attempt."""
    return {
        "eventTime": attempt.get("ended_at") or attempt["started_at"],
        "eventType": _EVENT_TYPES[attempt["state"]],
        "producer": f"https://openlineage.io/producer/landgauge/{__version__}",
        "schemaURL": _RUN_EVENT,
        "run": {"runId": attempt["id"], "facets": _run_facets(settings, attempt)},
        "job": {"namespace": NAMESPACE, "name": attempt["stage"], "facets": {"jobType": _job_type()}},
        "inputs": list(about.inputs),
        "outputs": list(about.outputs),
    }


def _run_facets(settings: Settings, attempt: Mapping[str, Any]) -> dict[str, Any]:
    year = f"{settings.year:04d}"
    found = {
        "nominalTime": facet(
            "1-0-1/NominalTimeRunFacet",
            nominalStartTime=f"{year}-01-01T00:00:00Z",
            nominalEndTime=f"{year}-12-31T23:59:59Z",
        )
    }
    names = {"seconds": "seconds", "peak_mb": "peakMb", "rows": "rows", "unchanged": "unchanged"}
    told = {name: attempt[key] for key, name in names.items() if key in attempt}
    complaints = {"complaints": len(attempt["complaints"])} if "complaints" in attempt else {}
    found["landgauge_stage"] = facet("", year=settings.year, warehouse=str(settings.warehouse), **told, **complaints)
    if "error" in attempt:
        found["errorMessage"] = facet(
            "1-0-1/ErrorMessageRunFacet", message=attempt["error"], programmingLanguage="python"
        )
    parent = _airflow()
    return found | ({"parent": parent} if parent else {})


def _job_type() -> dict[str, Any]:
    return facet("2-0-4/JobTypeJobFacet", processingType="BATCH", integration="LANDGAUGE", jobType="TASK")


def _airflow() -> dict[str, Any] | None:
    """The task of Airflow that this process runs, and its DAG run as the root."""
    names = ("DAG_ID", "TASK_ID", "DAG_RUN_ID", "TRY_NUMBER")
    dag, task, run, attempt = (os.environ.get(f"AIRFLOW_CTX_{name}", "") for name in names)
    if not (dag and task and run):
        return None
    ids = [str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(p))) for p in ((dag, run), (dag, run, task, attempt))]
    return facet(
        "1-2-0/ParentRunFacet",
        run={"runId": ids[1]},
        job={"namespace": "airflow", "name": f"{dag}.{task}"},
        root={"run": {"runId": ids[0]}, "job": {"namespace": "airflow", "name": dag}},
    )


def _is_elsewhere() -> bool:
    return any(n in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG") or n.startswith("OPENLINEAGE__") for n in os.environ)


def _send(said: Mapping[str, Any]) -> None:
    """Hand the event to OpenLineage's client, in a thread that may be left behind.

    That a stage begins is sent while it works; its end is waited for. A server that does not answer gets nothing more.
    """
    if _waited_for():
        import openlineage.client  # noqa: F401  # not in the thread, whose time is the server's

        failed: list[str] = []
        sender = threading.Thread(target=_hand_over, args=(said, failed), daemon=True)
        _sending.append((sender, failed))
        sender.start()
        if said["eventType"] != "START":
            _waited_for()


def _waited_for() -> bool:
    """Tell whether what was sent before has arrived; if not, nothing is sent any more."""
    while _sending and not _state["off"]:
        sender, failed = _sending.pop(0)
        sender.join(_SEND_S)
        if sender.is_alive() or failed:
            _state["off"] = True
            why = failed[0] if failed else f"no answer within {_SEND_S:.0f} s"
            _log.warning("lineage is not sent from this process any more: %s", why)
    return not _state["off"]


def _hand_over(said: Mapping[str, Any], failed: list[str]) -> None:
    try:
        _client().emit(as_run_event(said))
    except Exception as error:  # whatever somebody's server, configuration or key leads to
        failed.append(f"{type(error).__name__}: {error}")


@cache
def _client() -> Any:
    from openlineage.client import OpenLineageClient

    return OpenLineageClient()


def as_run_event(said: Mapping[str, Any]) -> RunEvent:
    """Return an event as the class of OpenLineage's client, which checks its form; raises ValueError, TypeError."""
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

    return RunEvent(
        eventTime=said["eventTime"],
        eventType=RunState(said["eventType"]),
        producer=said["producer"],
        run=Run(**said["run"]),
        job=Job(**said["job"]),
        inputs=[InputDataset(**d) for d in said["inputs"]],
        outputs=[OutputDataset(**d) for d in said["outputs"]],
    )
