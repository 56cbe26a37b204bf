"""Calendar arithmetic of the twin (K4), with the standard library alone."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """Return the same day of another month, or that month's last day (K4)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def in_year(day: date, year: int) -> date:
    """Return the same day of another year; 29 February becomes the 28th where there is none."""
    return add_months(day, 12 * (year - day.year))


def next_day(day: date) -> date:
    return day + ONE_DAY


def walk(first: date, last: date) -> Iterator[date]:
    """Yield the days from first to last, both included."""
    while first <= last:
        yield first
        first += ONE_DAY


def year_end(year: int) -> date:
    return date(year, 12, 31)
