"""Rectification, counted day by day (section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from . import policy
from .days import ONE_DAY, add_months
from .evaluating import Evaluation, latest_failed
from .known import Known
from .records import Event


@dataclass(frozen=True)
class Notice:
    """One 整改通知 with the evaluation it belongs to, its group's limit and its own effective deadline."""

    event: Event
    evaluation: Evaluation | None
    limit: date
    deadline: date
    completed: date | None

    @property
    def in_time(self) -> bool:
        return self.completed is not None and self.completed <= self.deadline


def limit_of(notices: list[Event]) -> date:
    """Return the day on which the days covered reach the total: a day between notices on which none runs is free.

    After the last notice the days run on, so that a notice without a deadline has one (X2).
    """
    first = min(n.event_date for n in notices)
    left = (add_months(first, policy.RECTIFICATION_MONTHS) - first).days
    day = first
    while left > 0:
        covered = any(n.event_date <= day and (n.deadline is None or day < n.deadline) for n in notices)
        to_come = any(n.event_date > day for n in notices)
        left -= 1 if covered or not to_come else 0
        day += ONE_DAY
    return day


def completion(known: Known, notice: Event) -> date | None:
    """Return the first completion that fits the notice (X3)."""

    def fits(mine: str | None, other: str | None) -> bool:
        return mine is None or other is None or mine == other

    days = (
        e.event_date
        for e in known.named("整改完成")
        if e.event_date >= notice.event_date
        and fits(notice.stage, e.stage)
        and fits(notice.indicator_code, e.indicator_code)
    )
    return min(days, default=None)


def notices(known: Known, rows: list[Evaluation]) -> list[list[Notice]]:
    """Return the notices of the agreement in their groups (X1)."""
    groups: dict[tuple, list[tuple[Event, Evaluation | None]]] = {}
    for event in known.named("整改通知"):
        stages = (event.stage,) if event.stage else policy.STAGES
        behind = latest_failed(rows, stages, event.event_date)
        key = ("of", behind.stage, behind.year) if behind else ("none", event.stage)
        groups.setdefault(key, []).append((event, behind))
    return [_timed(known, group) for group in groups.values()]


def _timed(known: Known, group: list[tuple[Event, Evaluation | None]]) -> list[Notice]:
    limit = limit_of([event for event, _ in group])
    return [Notice(event, behind, limit, _effective(event, limit), completion(known, event)) for event, behind in group]


def _effective(notice: Event, limit: date) -> date:
    deadline = limit if notice.deadline is None else min(notice.deadline, limit)
    return max(deadline, notice.event_date)
