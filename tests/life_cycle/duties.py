"""The calendar: what is due, for whom, and how it stands on D (section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from . import policy
from .days import add_months, in_year
from .evaluating import CONCLUSIVE, Evaluation
from .known import Known
from .rectifying import Notice


@dataclass(frozen=True)
class Duty:
    """A row of the calendar; `department` is None where policy names it."""

    obligation: str
    due_date: date
    stage: str
    period_no: int | None
    state: str
    days_left: int
    done_date: date | None
    days_late: int | None
    department: str | None = None


def calendar(known: Known, rows: list[Evaluation], groups: list[list[Notice]]) -> list[Duty]:
    """Return every row of the calendar of one agreement (section 5)."""
    return [*_milestones(known), *_evaluations(known, rows), *_lease(known), *_answers(known), *_notices(known, groups)]


def _duty(
    known: Known,
    obligation: str,
    due: date,
    stage: str,
    done: date | None,
    period: int | None = None,
    department: str | None = None,
    gone: bool = False,
) -> Duty:
    """Say how one obligation stands on D (D1)."""
    if done is not None:
        state = "done"
    elif gone or (known.ended is not None and known.ended <= due):
        state = "void"
    elif known.as_of > due:
        state = "overdue"
    else:
        state = "due" if known.as_of >= due - timedelta(days=policy.NOTICE_DAYS[obligation]) else "upcoming"
    late = None if done is None else max(0, (done - due).days)
    return Duty(obligation, due, stage, period, state, (due - known.as_of).days, done, late, department)


def _milestones(known: Known) -> Iterator[Duty]:
    row = known.agreement
    dues = (row.start_due, row.completion_due, row.production_due, row.capacity_due)
    stages = ("开竣工", "开竣工", "达产", "达产")
    for name, due, stage in zip(policy.MILESTONES, dues, stages, strict=True):
        if due is not None:
            yield _duty(known, name, due, stage, known.milestones[name])


def _evaluations(known: Known, rows: list[Evaluation]) -> Iterator[Duty]:
    for stage in policy.EVALUATIONS:
        for period in range(1, len(known.process_dues) + 1) if stage == "过程" else (None,):
            due = known.first_due(stage, period)
            if due is not None:
                mine = [r for r in rows if (r.stage, r.period) == (stage, period)]
                yield from _of_period(known, stage, period, due, mine)


def _of_period(known: Known, stage: str, period: int | None, due: date, mine: list[Evaluation]) -> Iterator[Duty]:
    said = [r for r in mine if r.result in CONCLUSIVE and r.result_date <= known.as_of]
    department = _departments(known, stage)
    name = policy.EVALUATIONS[stage]
    yield _duty(known, name, due, stage, said[0].result_date if said else None, period, department)
    following = known.first_due(stage, period + 1) if period else None
    for place, row in enumerate(said):
        again = in_year(due, row.year + 1)
        late = again > known.agreement.term_end_date or (following is not None and again.year >= following.year)
        if stage in policy.REEVALUATED and row.result == "不达标" and not late:
            done = said[place + 1].result_date if place + 1 < len(said) else None
            yield _duty(known, name, again, stage, done, period, department)


def _departments(known: Known, stage: str) -> str | None:
    names = {known.department(t.department, t.indicator_code) for t in known.targets if t.stage == stage} - {None}
    return "、".join(sorted(names)) or None


def _lease(known: Known) -> Iterator[Duty]:
    end = known.agreement.lease_end_date
    if end is not None:
        signed = known.first("出让签订")
        due = add_months(end, -policy.BEFORE_LEASE_END_MONTHS)
        yield _duty(known, "先租后让申请", due, "到期", known.first("先租后让申请"), gone=signed is not None)
        yield _duty(known, "出让签订", end, "到期", signed)


def _answers(known: Known) -> Iterator[Duty]:
    """Renewals asked for and exits announced."""
    for event in known.named("续期受理"):
        due = add_months(event.event_date, policy.RENEWAL_MONTHS)
        yield _duty(known, "续期决定", due, "到期", known.first("续期决定", since=event.event_date))
    for event in known.named("终止申请"):
        due = add_months(event.event_date, policy.EXIT_MONTHS)
        yield _duty(known, "终止预告", due, "到期", known.first("终止同意", since=event.event_date))


def _notices(known: Known, groups: list[list[Notice]]) -> Iterator[Duty]:
    for notice in (n for group in groups for n in group):
        event = notice.event
        yield _duty(known, "整改", notice.deadline, event.stage, notice.completed, department=event.department)
