"""Idle land, its days counted one by one without those that the government caused (section 8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from . import policy
from .days import ONE_DAY, add_months, next_day, walk
from .known import Known
from .land import built_of

Row = tuple[str, date, bool, date | None]  # code, arises, lapsed, done
CODES = (("idle_fee", policy.FEE_MONTHS), ("idle_take_back", policy.TAKE_BACK_MONTHS))


def idle(known: Known) -> Iterator[Row]:
    """Yield what follows from land that was not started (I1) or stopped (I2)."""
    start = known.agreement.start_due
    started = known.milestones["开工"]
    if start is not None and "开工" not in known.inferred:
        yield from _running(known, start, started)
    for stopped, again in stops(known):
        if too_little(known, known.as_of.year if again is None else again.year - 1):
            yield from _running(known, stopped, again)


def stops(known: Known) -> list[tuple[date, date | None]]:
    """Return the days of 停工 after the start, each with its 复工; of several in a row the latest (I2)."""
    started = known.milestones["开工"]
    found: list[tuple[date, date | None]] = []
    stopped: date | None = None
    for event in sorted(known.named("停工", "复工"), key=lambda e: (e.event_date, e.event == "复工")):
        if event.event == "复工" and stopped is not None:
            found.append((stopped, event.event_date))
            stopped = None
        elif event.event == "停工" and started is not None and event.event_date >= started:
            stopped = event.event_date
    return found if stopped is None else [*found, (stopped, None)]


def _running(known: Known, clock: date, again: date | None) -> Iterator[Row]:
    for code, months in CODES:
        arises = next_day(limit_of(known, clock, months))
        if again is None or again >= arises:
            done = known.first("收回决定", since=arises) if code == "idle_take_back" else None
            yield code, arises, again is not None, done


def limit_of(known: Known, clock: date, months: int, ahead: int = 0) -> date:
    """Count the days that are the enterprise's own until the months are full; government time on that day moves it on.

    Not beyond D and some days ahead of it: what comes later has no consequence yet (I3).
    """
    left = (add_months(clock, months) - clock).days
    last = known.as_of + ahead * ONE_DAY
    caused = _caused(known, last)
    day = clock
    while day <= last:
        free = day in caused
        if left == 0 and not free:
            return day
        left -= 0 if free else 1
        day += ONE_DAY
    return max(day, clock)


def _caused(known: Known, last: date) -> set[date]:
    """Return every day up to the last that the government caused; without an end, up to D."""
    days: set[date] = set()
    for event in known.named("政府原因"):
        until = event.deadline or next_day(known.as_of)
        days.update(walk(event.event_date, min(until - ONE_DAY, last)))
    return days


def too_little(known: Known, last_year: int) -> bool | None:
    """Say whether too little is built or invested, by the newest year that says either; None: none does (I2)."""
    row = known.agreement
    for year in range(last_year, row.signed_date.year - 2, -1):
        floor, money = built_of(known, year)
        parts = [
            _below(floor, row.agreed_floor_area_m2, policy.BUILT_SHARE),
            _below(money, row.agreed_investment_cny10k, policy.INVESTED_SHARE),
        ]
        if parts != [None, None]:
            return True in parts
    return None


def _below(value: float | None, agreed: float | None, share: float) -> bool | None:
    return None if value is None or not agreed else value < agreed * share * (1 - policy.TOLERANCE)
