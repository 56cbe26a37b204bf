"""The status of a warehouse as metrics, in the text format that Prometheus' node_exporter collects from files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from landgauge.status import Status

_Sample = tuple[Mapping[str, Any], float]
_HELP = {
    "status_timestamp_seconds": "when this was looked at",
    "writing": "1 while a run writes to the warehouse",
    "published_timestamp_seconds": "when the year was published last",
    "stage_started_timestamp_seconds": "when the newest attempt at the stage began",
    "stage_looked_at_timestamp_seconds": "when the stage was last run, or found that nothing had changed",
    "stage_state": "1 for the state of the newest attempt: done, failed, or begun (it runs, or was killed)",
    "stage_seconds": "how long the newest attempt took",
    "stage_peak_memory_bytes": "its peak resident memory",
    "stage_complaints": "its complaints",
    "stage_unchanged": "1 where nothing that the stage reads had changed",
    "stage_rows": "its row counts",
    "gate_not_met": "expectations of the gate that were not met",
    "dataset_rows": "rows of the newest year's files",
    "dataset_quarantined_ratio": "share of them that is quarantined",
    "dataset_age_seconds": "age of the newest file of the newest year",
    "dataset_late": "1 where a year is due and nothing of it is loaded",
    "dataset_late_since_timestamp_seconds": "the day from which it is late",
    "open_objections": "objections that are open, or upheld and not yet corrected",
    "disk_bytes": "size of a part of the warehouse",
    "disk_free_bytes": "free space of its disk",
}


def metrics(found: Status) -> str:
    """Return the metrics, each with its help and type; what is not known has no sample."""
    lines: list[str] = []
    for name, samples in _samples(found).items():
        known = [(labels, value) for labels, value in samples if value is not None]
        if known:
            lines += [f"# HELP landgauge_{name} {_HELP[name]}", f"# TYPE landgauge_{name} gauge"]
            lines += [f"landgauge_{name}{_labels(labels)} {_number(value)}" for labels, value in known]
    return "\n".join(lines) + "\n"


def _samples(found: Status) -> dict[str, Iterable[_Sample]]:
    year = found.input_year
    return {
        "status_timestamp_seconds": [({}, _epoch(found.now))],
        "writing": [({}, int(found.writer is not None))],
        "published_timestamp_seconds": list(_published(found)),
        **_of_stages(found.attempts),
        "gate_not_met": [({"year": row["year"]}, row["not_met"]) for row in found.gate],
        "dataset_rows": [({"dataset": i["dataset"], "year": year}, i["rows_in"]) for i in found.inputs],
        "dataset_quarantined_ratio": [
            ({"dataset": i["dataset"], "year": year}, i["quarantined_share"]) for i in found.inputs
        ],
        "dataset_age_seconds": [
            ({"dataset": i["dataset"], "year": year}, None if i["age_days"] is None else i["age_days"] * 86400)
            for i in found.inputs
        ],
        "dataset_late": [
            ({"dataset": f["dataset"]}, int(f["state"] == "late")) for f in found.freshness if f["state"] != "absent"
        ],
        "dataset_late_since_timestamp_seconds": [
            ({"dataset": f["dataset"]}, _epoch(f["late_since"])) for f in found.freshness
        ],
        "open_objections": [({"year": o["year"], "state": o["state"]}, o["objections"]) for o in found.objections],
        "disk_bytes": [({"part": part}, size) for part, size in found.disk.items() if part != "free"],
        "disk_free_bytes": [({}, found.disk.get("free"))],
    }


def _published(found: Status) -> Iterator[_Sample]:
    newest = {run["year"]: run for run in reversed(found.runs)}
    for year, run in sorted(newest.items()):
        labels = {"year": year, "state": run["state"], "generated": str(bool(run["generated"])).lower()}
        yield labels, _epoch(run["published_at"])


def _of_stages(attempts: list[dict[str, Any]]) -> dict[str, list[_Sample]]:
    about = [({"year": a["year"], "stage": a["stage"]}, a) for a in attempts]
    peak = [(labels, a.get("peak_mb")) for labels, a in about]
    return {
        "stage_started_timestamp_seconds": [(labels, _epoch(_moment(a["started_at"]))) for labels, a in about],
        "stage_looked_at_timestamp_seconds": [(labels, _epoch(_moment(a["looked_at"]))) for labels, a in about],
        "stage_state": [(labels | {"state": a["state"]}, 1) for labels, a in about],
        "stage_seconds": [(labels, a.get("seconds")) for labels, a in about],
        "stage_peak_memory_bytes": [(labels, None if mb is None else mb * 1e6) for labels, mb in peak],
        "stage_complaints": [(labels, len(a["complaints"])) for labels, a in about if "complaints" in a],
        "stage_unchanged": [(labels, int(a["unchanged"])) for labels, a in about if "unchanged" in a],
        "stage_rows": list(_rows(about)),
    }


def _rows(about: list[tuple[dict[str, Any], dict[str, Any]]]) -> Iterator[_Sample]:
    for labels, attempt in about:
        yield from ((labels | {"of": name}, count) for name, count in attempt.get("rows", {}).items())


def _labels(labels: Mapping[str, Any]) -> str:
    """Labels in braces; quotes, backslashes and line ends in a value are escaped."""
    escaped = {k: str(v).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for k, v in labels.items()}
    return "{" + ",".join(f'{k}="{v}"' for k, v in escaped.items()) + "}" if labels else ""


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _epoch(moment: datetime | date | None) -> float | None:
    """Seconds since 1970; a moment without a zone and a day are UTC."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
