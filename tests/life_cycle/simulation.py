"""The life of one agreement, event by event: what docs/life-cycle.md says, once more in plain Python.

Shares no code and no seed with the models; what differs is a mistake on one of the two sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .consequences import Consequence, consequences
from .duties import Duty, calendar
from .evaluating import Evaluation, evaluations, failed_years
from .known import Known
from .records import Facts
from .rectifying import notices
from .warned import Warned, warnings


@dataclass(frozen=True)
class Life:
    """What is known of one agreement on a day."""

    known: Known
    calendar: list[Duty]
    evaluations: list[Evaluation]
    failed_years: dict[int, int]
    consequences: list[Consequence]
    conflicts: frozenset[str]
    warnings: list[Warned]


@dataclass(frozen=True)
class Listing:
    """A row of the credit list (section 9)."""

    uscc: str
    listed_date: date
    repaired_date: date | None
    is_listed: bool


def live(facts: Facts, year: int, as_of: date) -> Life | None:
    """Return the life of an agreement as known by files of the year on the day; None where it is not known yet."""
    if all(a.data_year > year for a in facts.agreements):
        return None
    known = Known(facts, year, as_of)
    rows = evaluations(known)
    groups = notices(known, rows)
    counts = {r.year: failed_years(rows, r.year) for r in rows}
    _look_for_conflicts(known, rows)
    found = consequences(known, rows, groups)
    return Life(known, calendar(known, rows, groups), rows, counts, found, frozenset(known.conflicts), warnings(known))


def _look_for_conflicts(known: Known, rows: list[Evaluation]) -> None:
    """Add the conflicts that stop nothing: those of dates, of verdicts among themselves and against the evidence."""
    row = known.written
    dues = [d for d in (row.start_due, row.completion_due, row.production_due, row.capacity_due) if d is not None]
    if dues != sorted(dues):
        known.conflicts.add("due_out_of_order")
    if known.unknown_department:
        known.conflicts.add("unknown_department")
    if any(f.disagrees for r in rows for f in r.findings):
        known.conflicts.add("verdict_against_evidence")


def credit(lives: list[Life]) -> list[Listing]:
    """Return the credit list of all agreements (L1, L2)."""
    days: dict[tuple[str, date], list[date | None]] = {}
    for life in lives:
        for event in life.known.named("失信列入"):
            repaired = life.known.first("信用修复", since=event.event_date)
            days.setdefault((life.known.agreement.uscc, event.event_date), []).append(repaired)
    as_of = {life.known.as_of for life in lives}
    rows = []
    for (uscc, listed), repairs in sorted(days.items()):
        repaired = None if None in repairs else max(repairs)
        on_list = listed <= max(as_of) and (repaired is None or repaired > max(as_of))
        rows.append(Listing(uscc, listed, repaired, on_list))
    return rows
