"""The status of a warehouse as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from landgauge.status import Status


def text(found: Status) -> str:
    """Return the status as lines under short headings."""
    return (
        "\n".join([*_head(found), *_runs(found), *_stages(found), *_failed(found), *_inputs(found), *_rest(found)])
        + "\n"
    )


def _head(found: Status) -> Iterator[str]:
    yield f"{found.warehouse} at {_time(found.now)} UTC"
    if found.writer:
        yield f"  being written by {found.writer.name}, since {_time(found.writer.since)}"
    else:
        yield "  nobody writes"
    yield from (f"  {note}" for note in found.notes)


def _runs(found: Status) -> Iterator[str]:
    if found.runs:
        yield "\npublished"
        columns = ("year", "state", "run_id", "published_at", "generated", "approved_by")
        yield from _table(columns, [[r[c] for c in columns] for r in found.runs])


def _stages(found: Status) -> Iterator[str]:
    if found.stages:
        yield f"\nstages of {found.stages[0]['year']}"
        columns = ("stage", "started_at", "seconds", "peak_mb")
        rows = [[*(s[c] for c in columns), ", ".join(f"{k} {v:,}" for k, v in s["rows"].items())] for s in found.stages]
        yield from _table((*columns, "rows"), rows)


def _failed(found: Status) -> Iterator[str]:
    failed = [a for a in found.attempts if a["state"] == "failed"]
    if failed:
        yield "\nstages whose last attempt failed"
        rows = [[a["year"], a["stage"], a["started_at"], a.get("error", "")] for a in failed]
        yield from _table(("year", "stage", "started_at", "error"), rows)


def _inputs(found: Status) -> Iterator[str]:
    if found.inputs:
        yield f"\ninputs of {found.input_year}"
        columns = ("dataset", "files", "rows_in", "quarantined_share", "age_days", "missing_years")
        rows = [[*(i[c] for c in columns[:-1]), ", ".join(map(str, i["missing_years"]))] for i in found.inputs]
        yield from _table(columns, [[*r[:3], "" if r[3] is None else f"{r[3]:.2%}", *r[4:]] for r in rows])
    late = [f for f in found.freshness if f["state"] == "late"]
    if late:
        yield "\nlate"
        shown = [[f["dataset"], f["newest_year"], f["due_year"], _since(f)] for f in late]
        yield from _table(("dataset", "newest_year", "due_year", "since"), shown)


def _since(late: dict[str, Any]) -> str:
    return f"{late['late_since']}{' (illustrative due day)' if late['illustrative'] else ''}"


def _rest(found: Status) -> Iterator[str]:
    if found.objections:
        yield "\nopen objections"
        yield from _table(("year", "state", "objections"), [list(o.values()) for o in found.objections])
    if found.error:
        yield f"\nlast error, {_time(found.error['written_at'])}: {found.error['said']} ({found.error['file']})"
    yield "\ndisk"
    yield from _table(("part", "MB"), [[name, size / 1e6] for name, size in found.disk.items()])


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Columns as wide as they need; numbers to the right."""
    shown = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *shown, strict=True)]
    right = [all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(head))]
    for line in [list(head), *shown]:
        cells = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        yield f"  {'  '.join(cells)}".rstrip()


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, float):
        return f"{value:,.1f}"
    return "" if value is None else f"{value:,}" if isinstance(value, int) and value > 9999 else str(value)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
