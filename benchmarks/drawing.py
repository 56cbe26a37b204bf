"""A drawing of the page: curves over a number of rows that grows by powers of ten, as one SVG file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from xml.sax.saxutils import escape

from reporting.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axis, Chart, Line, Tick

Curve = list[tuple[int, float]]
_COLOURS = {
    "bare": "#7a7a7a",
    "ruled": "#b3b3b3",
    "landgauge": "#b4532a",
    "polars": "#2e6f9e",
    "pandas": "#7a5ea8",
    "spark": "#2e7d4f",
}
_KEY, _LETTER = 27.0, 5.0  # width that a name takes below the title: its stroke, and each letter
_NAMES = {3: "1,000", 4: "10,000", 5: "100,000", 6: "1 million", 7: "10 million", 8: "100 million"}


def draw(title: str, x_title: str, unit: str, curves: Mapping[str, Curve]) -> str:
    """Return the SVG of curves by name; each point is (rows, value above 0), both axes by powers of ten."""
    points = [point for curve in curves.values() for point in curve]
    powers = [math.log10(rows) for rows, _ in points]
    first, last = math.floor(min(powers)), math.ceil(max(powers))
    marks = _marks([value for _, value in points])
    x = Axis(first, max(last, first + 1), LEFT, WIDTH - RIGHT - 20)
    y = Axis(math.log10(marks[0]), math.log10(marks[-1]), HEIGHT - BOTTOM, TOP + 16)
    chart = Chart(
        title=title,
        x_ticks=tuple(Tick(round(x(p), 2), _NAMES.get(p, f"10^{p}")) for p in range(first, max(last, first + 1) + 1)),
        y_ticks=tuple(Tick(round(y(math.log10(v)), 2), f"{v:,g}") for v in marks),
        lines=tuple(
            Line(" ".join(f"{x(math.log10(n)):.1f},{y(math.log10(v)):.1f}" for n, v in sorted(curve)), name, name)
            for name, curve in curves.items()
        ),
        x_title=x_title,
        y_title=unit,
    )
    return _svg(chart)


def _marks(values: list[float]) -> list[float]:
    """Return 1, 2 and 5 times powers of ten that enclose the values."""
    every = [m * 10.0**p for p in range(-6, 9) for m in (1, 2, 5)]
    above = next(mark for mark in every if mark >= max(values))
    below = [mark for mark in every if mark <= min(values)][-1]
    return [mark for mark in every if below <= mark <= max(above, below * 2)]


def _svg(chart: Chart) -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH * 1.4:g}" '
        f'font-family="sans-serif" font-size="9" fill="#333" role="img"><title>{escape(chart.title)}</title>',
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#fff"/>',
        _text(LEFT, 11, f"{chart.title}, {chart.y_title}", "start"),
    ]
    for tick in chart.y_ticks:
        parts.append(f'<line x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{tick.at}" y2="{tick.at}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 5, tick.at + 3, tick.label, "end"))
    parts += [_text(tick.at, HEIGHT - 14, tick.label, "middle") for tick in chart.x_ticks]
    parts.append(_text((LEFT + WIDTH) / 2, HEIGHT - 3, chart.x_title, "middle"))
    at = LEFT
    for line in chart.lines:
        colour = _COLOURS.get(line.name, "#000")
        parts.append(f'<polyline points="{line.points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        parts += [
            f'<circle cx="{p.split(",")[0]}" cy="{p.split(",")[1]}" r="2.2" fill="{colour}"/>'
            for p in line.points.split()
        ]
        parts.append(f'<line x1="{at:g}" x2="{at + 14:g}" y1="22" y2="22" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(at + 18, 25, line.name, "start"))
        at += _KEY + _LETTER * len(line.name)
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
