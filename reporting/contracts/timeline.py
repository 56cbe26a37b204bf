"""The timeline of an agreement: agreed dates, what happened, evaluations, consequences and credit on one axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest

from reporting.charts import ticks_between
from reporting.contracts import words
from reporting.contracts.tables import Row

WIDTH, LANE, LEFT, TOP = 1040.0, 34.0, 96.0, 30.0
_RIGHT, _AXIS_TICKS = 24.0, 10
_COLOURS = {"达标": "good", "不达标": "bad", "待评": "open"}
YEARS_AHEAD = 5
LANES = ("约定", "实际", "评估", "后果", "预警", "失信")


@dataclass(frozen=True)
class Mark:
    """A sign on a lane: its place, its kind (for the style), a short label, and what a pointer is told."""

    x: float
    y: float
    kind: str
    label: str
    title: str


@dataclass(frozen=True)
class Bar:
    """A period on a lane."""

    x: float
    y: float
    width: float
    title: str


@dataclass(frozen=True)
class Timeline:
    """A drawing of `width` x `height`: lanes with their names, years, today's line, marks and periods."""

    width: float
    height: float
    lanes: tuple[tuple[str, float], ...]
    years: tuple[tuple[str, float], ...]
    today: float
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...]


def draw(content: dict[str, list[Row]], agreement: Row, as_of: date) -> Timeline:
    """Draw the timeline from the rows of the dossier, up to some years after the day; what is due later is left out."""
    last = date(min(as_of.year + YEARS_AHEAD, 9999), 12, 31)
    facts = [fact for fact in (*_dated(content), *_evaluated(content["results"])) if fact[1] <= last]
    days = [day for _, day, *_ in facts] + [agreement["signed_date"], as_of]
    days += [row["listed_date"] for row in content["credit"]]
    known = [day for day in days if day is not None and day <= last]
    x = _Axis(min(known), max(known))
    place = {lane: TOP + LANE * (number + 0.5) for number, lane in enumerate(LANES)}
    marks = _spread(Mark(x(day), place[lane], kind, label, title) for lane, day, kind, label, title in facts)
    bars = tuple(_bar(row, x, place["失信"], as_of) for row in content["credit"] if row["listed_date"] <= as_of)
    return Timeline(
        WIDTH, TOP + LANE * len(LANES) + 26, tuple(place.items()), x.years(), x(as_of), tuple(marks), bars
    )  # fmt: skip


Fact = tuple[str, date, str, str, str]


def _dated(content: dict[str, list[Row]]) -> Iterable[Fact]:
    for row in content["due"]:
        yield "约定", row["due_date"], row["state"], row["obligation"], f"{row['obligation']} {row['due_date']}"
        if row["done_date"]:
            yield "实际", row["done_date"], "done", row["obligation"], f"{row['obligation']} {row['done_date']}"
    for row in content["consequences"]:
        name = words.word(row["consequence_code"], words.CONSEQUENCES) or ""
        yield "后果", row["arises_date"], row["state"] or "proposed", name, f"{name} {row['arises_date']}"
    for row in content["warnings"]:
        name = words.word(row["kind"], words.WARNINGS) or ""
        yield "预警", row["raised_date"], "warning", name, f"{name} {row['raised_date']}"


def _evaluated(results: Sequence[Row]) -> Iterable[Fact]:
    for row in results:
        day = row["result_date"] or date(min(max(row["evaluation_year"], 1), 9999), 12, 31)
        text = f"{row['stage']} {row['evaluation_year']} {row['result']}"
        yield "评估", day, _COLOURS.get(row["result"], "open"), f"{row['stage']}", text


def _bar(row: Row, x: _Axis, y: float, as_of: date) -> Bar:
    end = min(row["repaired_date"] or as_of, as_of)
    title = f"失信 {row['listed_date']} 至 {row['repaired_date'] or '今'}"
    return Bar(x(row["listed_date"]), y, round(max(x(end) - x(row["listed_date"]), 3), 1), title)


def _spread(marks: Iterable[Mark]) -> Iterable[Mark]:
    """Leave out a label that would run into the next mark of its lane; what it says stands in the title."""
    ordered = sorted(marks, key=lambda m: (m.y, m.x, m.label, m.title))
    for mark, after in zip_longest(ordered, ordered[1:]):
        end = after.x - 6 if after is not None and after.y == mark.y else WIDTH
        fits = mark.x + 9 + 12.5 * len(mark.label) <= end
        yield mark if fits else replace(mark, label="")


class _Axis:
    """Days to places."""

    def __init__(self, first: date, last: date) -> None:
        self._first = date(first.year, 1, 1).toordinal()
        self._last = date(last.year, 12, 31).toordinal()
        self._years = (first.year, last.year)

    def __call__(self, day: date) -> float:
        share = (day.toordinal() - self._first) / max(self._last - self._first, 1)
        return round(LEFT + share * (WIDTH - LEFT - _RIGHT), 1)

    def years(self) -> tuple[tuple[str, float], ...]:
        low, high = self._years
        ticks = sorted({round(value) for value in ticks_between(low, high + 1, _AXIS_TICKS)})
        return tuple((str(year), self(date(year, 1, 1))) for year in ticks if low <= year <= high)
