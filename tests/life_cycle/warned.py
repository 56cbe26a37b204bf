"""Warnings of dates: late milestones and land about to be idle (section 10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from . import policy
from .days import ONE_DAY, next_day
from .idle import limit_of, stops, too_little
from .known import Known

LATE = ("late_start", "late_completion", "late_production", "late_capacity")


@dataclass(frozen=True)
class Warned:
    """A row of fct_warning of one of these kinds."""

    kind: str
    raised_date: date
    ended_date: date | None


def warnings(known: Known) -> list[Warned]:
    """Return the warnings raised up to D, none on or after the day on which the contract ended."""
    rows = [*_late(known), *_idle(known)]
    return [r for r in rows if r.raised_date <= known.as_of and (known.ended is None or r.raised_date < known.ended)]


def _late(known: Known) -> Iterator[Warned]:
    row = known.agreement
    dues = (row.start_due, row.completion_due, row.production_due, row.capacity_due)
    for kind, name, due in zip(LATE, policy.MILESTONES, dues, strict=True):
        reached = known.milestones[name]
        if due is not None and (reached is None or reached > due):
            yield Warned(kind, next_day(due), reached)


def _idle(known: Known) -> Iterator[Warned]:
    started = known.milestones["开工"]
    if known.agreement.start_due is not None and "开工" not in known.inferred:
        yield from _risk(known, known.agreement.start_due, started)
    for stopped, again in stops(known):
        enough = too_little(known, known.as_of.year if again is None else again.year - 1)
        if enough is not False:
            yield from _risk(known, stopped, again)
        arises = next_day(limit_of(known, stopped, policy.FEE_MONTHS))
        if enough is None and (again is None or again >= arises):
            yield Warned("idle_unknown", arises, again)


def _risk(known: Known, clock: date, again: date | None) -> Iterator[Warned]:
    limit = limit_of(known, clock, policy.FEE_MONTHS, ahead=policy.IDLE_RISK_DAYS)
    raised = limit - policy.IDLE_RISK_DAYS * ONE_DAY
    if again is None or again > raised:
        yield Warned("idle_risk", raised, again)
