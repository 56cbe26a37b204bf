"""The geometry of the charts: bars and lines in a fixed drawing area, with ticks at round values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 10.0, 24.0, 28.0


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: its place in the drawing and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Bar:
    """A bar in the drawing; `title` is what a pointer is told."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class Line:
    """A line in the drawing: the points of an SVG polyline, its style and name."""

    points: str
    style: str
    name: str


@dataclass(frozen=True)
class Chart:
    """A drawing of WIDTH × HEIGHT with its axes."""

    title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    x_title: str = ""
    y_title: str = ""


def round_step(span: float, parts: int) -> float:
    """Return the smallest of 1, 2, 5 × 10^k that cuts a span into at most so many parts (1 for an empty span)."""
    if span <= 0:
        return 1.0
    rough = span / parts
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= rough * (1 - 1e-12))


def ticks_between(low: float, high: float, parts: int = 4) -> list[float]:
    """Return round values that enclose [low, high]."""
    step = round_step(high - low, parts)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [k * step for k in range(first, max(last, first + 1) + 1)]


def histogram(title: str, width: float, bins: Sequence[tuple[float, int]], unit: str) -> Chart:
    """Draw counts by bin: `bins` holds (lower edge, count), each `width` wide."""
    low, high = min(0.0, bins[0][0]), max(b for b, _ in bins) + width
    tops = ticks_between(0, max(n for _, n in bins))
    x, y = Axis(low, high, LEFT, WIDTH - RIGHT), Axis(0, tops[-1], HEIGHT - BOTTOM, TOP)
    bars = tuple(
        Bar(
            round(x(edge) + 0.5, 2),
            round(y(n), 2),
            round(x(edge + width) - x(edge) - 1, 2),
            round(y(0) - y(n), 2),
            f"{edge:g}–{edge + width:g} 分：{n:,} {unit}",
        )
        for edge, n in bins
    )
    return Chart(
        title=title,
        x_ticks=tuple(Tick(round(x(v), 2), f"{v:g}") for v in ticks_between(low, high, 6) if v <= high + 1e-9),
        y_ticks=_y_ticks(tops, y),
        bars=bars,
        x_title="得分",
        y_title=unit,
    )


Series = tuple[str, str, Sequence[float | None]]


def lines(title: str, years: Sequence[int], series: Sequence[Series]) -> Chart:
    """Draw yearly series (name, style, values); a missing value leaves its point out."""
    values = [0.0] + [v for _, _, s in series for v in s if v is not None]
    tops = ticks_between(min(values), max(values))
    x = Axis(years[0], max(years[-1], years[0] + 1), LEFT, WIDTH - RIGHT - 8)
    y = Axis(tops[0], tops[-1], HEIGHT - BOTTOM, TOP)
    every = max(1, math.ceil(len(years) / 6))
    return Chart(
        title=title,
        x_ticks=tuple(Tick(round(x(v), 2), str(v)) for v in years[::every]),
        y_ticks=_y_ticks(tops, y),
        lines=tuple(Line(_points(zip(years, s, strict=True), x, y), style, name) for name, style, s in series),
        y_title="公顷",
    )


class Axis:
    """A linear map from values to places in the drawing."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        """`low` lies at `start`, `high` at `end`; an empty span is one unit wide."""
        self._low, self._start = low, start
        self._rate = (end - start) / ((high - low) or 1.0)

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        return self._start + (value - self._low) * self._rate


def _points(pairs: Iterable[tuple[float, float | None]], x: Axis, y: Axis) -> str:
    return " ".join(f"{x(a):.1f},{y(v):.1f}" for a, v in pairs if v is not None)


def _y_ticks(values: Sequence[float], y: Axis) -> tuple[Tick, ...]:
    return tuple(Tick(round(y(v), 2), f"{round(v, 6):,g}" if abs(v) < 1e6 else f"{v / 1e4:,g}万") for v in values)
