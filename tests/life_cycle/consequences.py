"""Consequences, each with the first day on which its ground holds (sections 7 and 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from . import policy
from .days import add_months, next_day
from .evaluating import CONCLUSIVE, Evaluation, order
from .idle import idle
from .known import Known
from .rectifying import Notice

OVER = ("收回决定", "终止同意")


@dataclass(frozen=True)
class Consequence:
    """A row of fct_consequence as far as the rules define it."""

    consequence_code: str
    arises_date: date
    due_date: date | None = None
    stage: str | None = None
    evaluation_year: int | None = None
    done_date: date | None = None
    lapsed: bool = False
    state: str = "proposed"
    decided_date: date | None = None


def consequences(known: Known, rows: list[Evaluation], groups: list[list[Notice]]) -> list[Consequence]:
    """Return the rows that stand on D, one for each code and day (section 7, Q3)."""
    found = [
        *_penalties(known),
        *_rectification(known, rows, groups),
        *_not_rectified(known, groups),
        *_contract_end(known, rows),
        *_lease(known, rows),
        *_exits(known),
        *(Consequence(code, day, stage="开竣工", lapsed=gone, done_date=done) for code, day, gone, done in idle(known)),
    ]
    kept: dict[tuple, Consequence] = {}
    for row in sorted(found, key=_place):
        stands = row.arises_date <= known.as_of and (known.ended is None or known.ended >= row.arises_date)
        if stands:
            key = row.consequence_code, row.arises_date
            kept[key] = _both(kept[key], row) if key in kept else row
    return [_judged(known, row) for row in kept.values()]


def _both(first: Consequence, other: Consequence) -> Consequence:
    """Make one row of two grounds of a day: due on the later day, done when both are (Q3)."""
    dues = [d for d in (first.due_date, other.due_date) if d is not None]
    over = [first.done_date, other.done_date]
    done = None if None in over else max(d for d in over if d is not None)
    return replace(first, due_date=max(dues, default=None), done_date=done, lapsed=first.lapsed and other.lapsed)


def _place(row: Consequence) -> tuple:
    stage = policy.STAGES.index(row.stage) if row.stage else len(policy.STAGES)
    return row.consequence_code, row.arises_date, stage, row.evaluation_year or 0


def _judged(known: Known, row: Consequence) -> Consequence:
    """Give a consequence its state (Q1)."""
    decided = known.first("委员会决定", since=row.arises_date)
    state = "done" if row.done_date else "lapsed" if row.lapsed else "decided" if decided else "proposed"
    return replace(row, state=state, decided_date=decided)


def _penalties(known: Known) -> Iterator[Consequence]:
    row = known.agreement
    for code, due, event, clause in (
        ("start_penalty", row.start_due, "开工", row.start_penalty),
        ("completion_penalty", row.completion_due, "竣工", row.completion_penalty),
    ):
        reached = known.milestones[event]
        unknown = event in known.inferred or (reached is None and known.first(event) is not None)  # C3, section 2
        if clause and due is not None and not unknown and (reached is None or reached > due):
            arises = next_day(due)
            paid = [e for e in known.named("违约金缴纳") if e.stage in (None, "开竣工") and e.event_date >= arises]
            yield Consequence(code, arises, stage="开竣工", done_date=paid[0].event_date if paid else None)


def _rectification(known: Known, rows: list[Evaluation], groups: list[list[Notice]]) -> Iterator[Consequence]:
    for row in rows:
        if row.result == "不达标" and row.stage in policy.RECTIFIED:
            mine = [n for group in groups for n in group if n.evaluation == row]
            due = max((n.deadline for n in mine), default=add_months(row.result_date, policy.RECTIFICATION_MONTHS))
            over = [n.completed for n in mine]
            done = max(over) if over and None not in over else None
            yield Consequence("rectification", row.result_date, due, row.stage, row.year, done)


def _not_rectified(known: Known, groups: list[list[Notice]]) -> Iterator[Consequence]:
    for group in groups:
        stage, year = _behind(group[0])
        late = [next_day(n.deadline) for n in group if not n.in_time and n.deadline < known.as_of]
        if late:
            arises = min(late)
            listed = known.first("失信列入", since=arises)
            yield Consequence("credit_listing", arises, None, stage, year, listed)
        if any(n.deadline == n.limit and not n.in_time for n in group):
            arises = next_day(group[0].limit)
            yield Consequence("serious_breach", arises, None, stage, year, known.first(*OVER, since=arises))


def _behind(notice: Notice) -> tuple[str | None, int | None]:
    if notice.evaluation is None:
        return notice.event.stage, None
    return notice.evaluation.stage, notice.evaluation.year


def _contract_end(known: Known, rows: list[Evaluation]) -> Iterator[Consequence]:
    failed = [r for r in rows if r.result == "不达标" and r.stage in policy.COUNTS_FAILED]
    years = sorted({r.year for r in failed})
    if len(years) >= policy.FAILED_YEARS_END:
        third = min((r for r in failed if r.year == years[policy.FAILED_YEARS_END - 1]), key=order)
        arises = third.result_date
        yield Consequence("contract_end", arises, None, third.stage, third.year, known.first(*OVER, since=arises))


def _lease(known: Known, rows: list[Evaluation]) -> Iterator[Consequence]:
    end = known.agreement.lease_end_date
    if end is None:
        return
    last_day = add_months(end, -policy.BEFORE_LEASE_END_MONTHS)
    applied, signed = known.first("先租后让申请"), known.first("出让签订")
    if (applied is None or applied > last_day) and (signed is None or signed > last_day):
        arises = next_day(last_day)
        yield Consequence("lease_not_applied", arises, end, "到期", None, known.first("出让签订", *OVER, since=arises))
    said = [r for r in rows if r.result in CONCLUSIVE and r.stage in policy.COUNTS_FAILED and r.result_date <= end]
    last = max(said, key=order, default=None)
    in_time = applied is not None and applied <= end
    if in_time and (signed is None or signed > end) and last is not None and last.result == "不达标":
        arises = next_day(end)
        done = known.first("出让签订", *OVER, since=arises)
        yield Consequence("lease_not_passed", arises, end, last.stage, last.year, done)


def _exits(known: Known) -> Iterator[Consequence]:
    for day in {e.event_date for e in known.named("终止申请")}:
        due = add_months(day, policy.EXIT_MONTHS)
        yield Consequence("voluntary_exit", day, due, "到期", None, known.first("终止同意", since=day))
