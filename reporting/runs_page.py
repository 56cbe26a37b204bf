"""The run page for data engineers: stages by year and over time, dbt, gate, datasets, as one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING, Any

from reporting.page import environment

if TYPE_CHECKING:
    from landgauge.status import Status

_BARS = 30  # of a stage's history
_ATTEMPTS = 60


def page(found: Status, attempts: Sequence[dict[str, Any]], order: Sequence[str]) -> str:
    """Return the page: `attempts` are those of the journal, oldest first; `order` names the stages in theirs."""
    place = {stage: number for number, stage in enumerate(order)}
    newest = sorted(found.attempts, key=lambda a: place.get(a["stage"], len(place)))
    years = sorted({a["year"] for a in found.attempts}, reverse=True)
    return (
        environment()
        .get_template("runs.html.j2")
        .render(
            found=asdict(found),
            years=[_year(year, [a for a in newest if a["year"] == year]) for year in years],
            histories=_histories(attempts, order),
            attempts=[_shown(a) for a in reversed(attempts[-_ATTEMPTS:])],
            left_out=max(0, len(attempts) - _ATTEMPTS),
            generated=any(run["generated"] for run in found.runs),
        )
    )


def _year(year: int, newest: Sequence[dict[str, Any]]) -> dict[str, Any]:
    longest = max((a.get("seconds") or 0 for a in newest), default=0)
    nodes = [n | {"stage": a["stage"]} for a in newest for n in a.get("nodes", ())]
    return {
        "year": year,
        "stages": [_shown(a) | {"bar": _share(a.get("seconds"), longest)} for a in newest],
        "seconds": sum(a.get("seconds") or 0 for a in newest),
        "complaints": [(a["stage"], text) for a in newest for text in a.get("complaints", ())],
        "warned": [w | {"stage": a["stage"]} for a in newest for w in a.get("warned", ())],
        "nodes": sorted(nodes, key=lambda n: (-n["seconds"], n["name"]))[:15],
    }


def _histories(attempts: Sequence[dict[str, Any]], order: Sequence[str]) -> list[dict[str, Any]]:
    """Of each stage the attempts that were done and had work, with the last beside the median of those before."""
    worked = [a for a in attempts if a["state"] == "done" and not a.get("unchanged")]
    of = {name: [a for a in worked if a["stage"] == name][-_BARS:] for name in order}
    return [_history(name, found) for name, found in of.items() if found]


def _history(stage: str, worked: Sequence[dict[str, Any]]) -> dict[str, Any]:
    longest, last = max(a["seconds"] for a in worked), worked[-1]["seconds"]
    before = [a["seconds"] for a in worked[:-1]]
    usual = median(before) if before else None
    return {
        "stage": stage,
        "bars": [{"height": _share(a["seconds"], longest), "about": _about(a)} for a in worked],
        "last": last,
        "usual": usual,
        "ratio": last / usual if usual else None,
        "peak_mb": max(a.get("peak_mb") or 0 for a in worked),
    }


def _about(attempt: dict[str, Any]) -> str:
    return f"{attempt['year']}, {_time(attempt)} UTC: {attempt['seconds']:.1f} s"


def _shown(attempt: dict[str, Any]) -> dict[str, Any]:
    """An attempt with what its page needs, where it is not known as None."""
    known = {name: attempt.get(name) for name in ("year", "stage", "state", "seconds", "peak_mb", "error", "unchanged")}
    rows = ", ".join(f"{name} {count:,}" for name, count in attempt.get("rows", {}).items())
    looked = str(attempt.get("looked_at", attempt["started_at"]))[:19].replace("T", " ")
    return known | {
        "looked": looked,
        "began": _time(attempt),
        "rows": rows,
        "complaints": len(attempt.get("complaints", ())),
    }


def _time(attempt: dict[str, Any]) -> str:
    return str(attempt["started_at"])[:19].replace("T", " ")


def _share(part: float | None, whole: float) -> float:
    """Per cent of the whole, at least one, so that a bar is seen."""
    return round(max(1.0, 100 * (part or 0) / whole), 1) if whole else 1.0
