"""The geometry of the chapter's charts: stacked bars, lines with a band, and a tornado, in the report's drawing area.

Years run along the x axis, hectares along the y axis. What has no value is not drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reporting.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axis, Tick, ticks_between

SIDE = 128.0  # room for the names beside a tornado
ROW = 26.0  # height of a bar of a tornado with its gap
HECTARES = "公顷"
Values = Sequence[float | None]


@dataclass(frozen=True)
class Rect:
    """A filled rectangle, its style class and what a pointer is told."""

    x: float
    y: float
    width: float
    height: float
    style: str
    title: str


@dataclass(frozen=True)
class Path:
    """Points of an SVG polyline or, for a band, polygon; style class; what a pointer is told."""

    points: str
    style: str
    title: str


@dataclass(frozen=True)
class Drawing:
    """A drawing WIDTH wide and `height` high. `x_grid`: the grid lines stand upright; `zero` is where 0 lies."""

    title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    zero: float
    bands: tuple[Path, ...] = ()
    rects: tuple[Rect, ...] = ()
    lines: tuple[Path, ...] = ()
    unit: str = HECTARES
    height: float = HEIGHT
    x_grid: bool = False


@dataclass(frozen=True)
class _Frame:
    x: Axis
    y: Axis
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]

    def drawing(self, title: str, **parts: Any) -> Drawing:
        return Drawing(title, self.x_ticks, self.y_ticks, round(self.y(0.0), 2), **parts)


def finite(value: float | None) -> float | None:
    """Return a value that can be drawn; None for one that is missing or has no size."""
    return value if value is not None and math.isfinite(value) else None


def stacked(title: str, years: Sequence[int], parts: Mapping[str, tuple[str, Values]]) -> Drawing:
    """Draw by year what comes in above zero and what goes out below it: `parts` is name → (style, value by year)."""
    parts = {name: (style, [finite(v) for v in values]) for name, (style, values) in parts.items()}
    tops = [math.fsum(v for _, (_, values) in parts.items() if (v := values[i] or 0) > 0) for i in range(len(years))]
    feet = [math.fsum(v for _, (_, values) in parts.items() if (v := values[i] or 0) < 0) for i in range(len(years))]
    frame = _frame([years[0] - 0.5, *years, years[-1] + 0.5], [*tops, *feet])
    width = round((frame.x(1) - frame.x(0)) * 0.7, 2)
    rects = []
    for i, year in enumerate(years):
        up = down = 0.0
        for name, (style, values) in parts.items():
            if not (value := values[i]):
                continue
            start = up if value > 0 else down
            up, down = (up + value, down) if value > 0 else (up, down + value)
            top, foot = sorted((frame.y(start), frame.y(start + value)))
            rects.append(
                Rect(
                    round(frame.x(year) - width / 2, 2),
                    round(top, 2),
                    width,
                    round(foot - top, 2),
                    style,
                    f"{year} 年 {name}：{value:,.2f} {HECTARES}",
                )
            )
    return frame.drawing(title, rects=tuple(rects))


def curves(
    title: str,
    years: Sequence[int],
    named: Sequence[tuple[str, str, Values]],
    band: tuple[str, str, Values, Values] | None = None,
    unit: str = HECTARES,
) -> Drawing:
    """Draw yearly lines (name, style, values) and, behind them, a band (name, style, low, high)."""
    named = [(name, style, [finite(v) for v in values]) for name, style, values in named]
    band = band and (*band[:2], *([finite(v) for v in edge] for edge in band[2:]))
    edges = [v for values in (band[2:] if band else ()) for v in values]
    frame = _frame(years, [v for v in [0.0, *edges, *(v for _, _, s in named for v in s)] if v is not None])
    lines = [Path(points, style, name) for name, style, values in named if (points := _points(years, values, frame))]
    return frame.drawing(title, lines=tuple(lines), bands=_bands(years, band, frame), unit=unit)


def tornado(title: str, at: float, bars: Sequence[tuple[str, float | None, float | None, str, str]]) -> Drawing:
    """Draw how far a balance moves, the widest bar first; `at` is the unmoved balance, bars (name, low, high, titles).

    low and high are the balance with the driver moved down and up; the titles say each to a pointer.
    """
    cleaned = [(name, finite(low), finite(high), down, up) for name, low, high, down, up in bars]
    known = [b for b in cleaned if b[1] is not None or b[2] is not None]
    known.sort(key=lambda b: (-abs((b[2] if b[2] is not None else at) - (b[1] if b[1] is not None else at)), b[0]))
    values = [v for _, low, high, _, _ in known for v in (low, high) if v is not None]
    grid = ticks_between(min([at, *values]), max([at, *values]), 4)
    x = Axis(grid[0], grid[-1], SIDE, WIDTH - RIGHT - 14)
    rects, names = [], []
    for row, (name, low, high, down, up) in enumerate(known):
        y = TOP + row * ROW
        names.append(Tick(round(y + ROW / 2, 2), name))
        for value, style, said in ((low, "lower", down), (high, "upper", up)):
            if value is not None:
                left, right = sorted((x(at), x(value)))
                rects.append(Rect(round(left, 2), y + 4, round(right - left, 2), ROW - 8, style, said))
    return Drawing(
        title,
        tuple(Tick(round(x(v), 2), _number(v)) for v in grid),
        tuple(names),
        round(x(at), 2),
        rects=tuple(rects),
        height=TOP + len(known) * ROW + BOTTOM,
        x_grid=True,
    )


def _frame(xs: Sequence[float], values: Sequence[float]) -> _Frame:
    grid = ticks_between(min([0.0, *values]), max([0.0, *values]))
    x = Axis(xs[0], max(xs[-1], xs[0] + 1), LEFT, WIDTH - RIGHT - 8)
    y = Axis(grid[0], grid[-1], HEIGHT - BOTTOM, TOP)
    years = [v for v in xs if v == int(v)]
    shown = years[:: max(1, math.ceil(len(years) / 6))]
    return _Frame(
        x,
        y,
        tuple(Tick(round(x(v), 2), str(int(v))) for v in shown),
        tuple(Tick(round(y(v), 2), _number(v)) for v in grid),
    )


def _points(years: Sequence[int], values: Values, frame: _Frame) -> str:
    return " ".join(f"{frame.x(a):.1f},{frame.y(v):.1f}" for a, v in zip(years, values, strict=True) if v is not None)


def _bands(years: Sequence[int], band: tuple[str, str, Values, Values] | None, frame: _Frame) -> tuple[Path, ...]:
    """The band over the years in which it has both ends; a year without breaks it into parts."""
    if band is None:
        return ()
    name, style, low, high = band
    parts: list[list[int]] = [[]]
    for i in range(len(years)):
        if low[i] is None or high[i] is None:
            parts.append([])
        else:
            parts[-1].append(i)
    return tuple(Path(_outline(part, years, low, high, frame), style, name) for part in parts if part)


def _outline(part: list[int], years: Sequence[int], low: Values, high: Values, frame: _Frame) -> str:
    there = _points([years[i] for i in part], [high[i] for i in part], frame)
    back = _points([years[i] for i in part[::-1]], [low[i] for i in part[::-1]], frame)
    return f"{there} {back}"


def _number(value: float) -> str:
    return f"{round(value, 6):,g}" if abs(value) < 1e6 else f"{value / 1e4:,g}万"
