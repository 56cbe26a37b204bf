"""All that is published of one unit as one self-contained page; the scores on it are opened by the report's script."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from landgauge import policy
from landgauge.settings import Settings
from reporting import words
from reporting.contracts import words as contract_words
from reporting.marts import Marts
from reporting.opened.compact import embed
from reporting.opened.explored import Explored
from reporting.opened.pages import addresses, content, most_units
from reporting.opened.read import keys
from reporting.page import environment, script
from reporting.scope import safe

_WIDTH, _HEIGHT = 90.0, 26.0
_EDGE = 4.0
_WORDS = {"unit_not_in_year": "该年没有这一单元"}


@dataclass(frozen=True)
class Spark:
    """A small line of the years: pieces between missing years as SVG points, and a dot (x, y) for every value."""

    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]


def render(settings: Settings, marts: Marts, found: Explored, folder: Path) -> str:
    """Return the page as HTML; units link to the report's pages where these stand, as seen from `folder`."""
    pages = _addresses(settings, marts, found, folder)
    results = [content(one, found.declared) | {"page": pages.get(one.scale)} for one in found.opened]
    return (
        environment()
        .get_template("explored.html.j2")
        .render(
            e=found,
            unit=found.unit,
            year=found.year,
            run=found.run,
            is_final=found.run["state"] == "final",
            scale=words.word(found.unit.scale, words.SCALES),
            pages=pages,
            six=six,
            why=why,
            spark=spark,
            link=link,
            zh=contract_words,
            data=embed({"results": results}),
            **script("opened.js"),
        )
    )


def six(value: Any) -> str:
    """Return a figure with six significant digits and thousands commas, a day or a word as it is; a dash for None."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if not isinstance(value, int | float):
        return value.isoformat() if isinstance(value, date) else str(value)
    text = f"{value:,.2f}" if abs(value) >= 1000 else format(Decimal(f"{value:.6g}"), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−", 1)


def why(code: str | None) -> str:
    """Return why a figure is missing, in the words of the seeds or of the report, with the code."""
    named = {row["null_reason"]: row["name_zh"] for row in policy.rows("null_reason")}
    return words.reason(code, _WORDS.get(code or "") or named.get(code or ""))


def link(pages: Mapping[str, str], scale: str, code: str) -> str | None:
    """Return the address of a unit: its own page of the report, or its place on its scale's; None without either."""
    own = pages.get(f"{scale}-{code}")
    return own or (f"{pages[scale]}#{quote(code, safe='')}" if scale in pages else None)


def spark(values: list[float | None]) -> Spark | None:
    """Return the line of a row of yearly values, from their lowest to their highest; None below two values."""
    there = [v for v in values if v is not None]
    if len(there) < 2:
        return None
    low, high = min(there), max(there)
    step = (_WIDTH - 2 * _EDGE) / (len(values) - 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            pieces.append([])
            continue
        share = (value - low) / (high - low) if high > low else 0.5
        y = _HEIGHT - _EDGE - share * (_HEIGHT - 2 * _EDGE)
        pieces[-1].append((round(_EDGE + number * step, 1), round(y, 1)))
    lines = tuple(" ".join(f"{x},{y}" for x, y in piece) for piece in pieces if len(piece) > 1)
    return Spark(lines, tuple(dot for piece in pieces for dot in piece))


def _addresses(settings: Settings, marts: Marts, found: Explored, folder: Path) -> dict[str, str]:
    """Addresses of the report's pages that stand, as seen from a folder.

    By scale the first page of its opened scores; by `scale-code` the own page of a district or zone.
    """
    report = settings.published / "report" / str(settings.year)
    named = [(found.unit.scale, found.unit.code), *((place.scale, place.code) for place in found.unit.places)]
    wanted = {f"{scale}-{code}": f"{scale}-{safe(code)}.html" for scale, code in named if scale in ("district", "zone")}
    most = most_units()
    for key, name in addresses([row for row in keys(marts) if row["units"] <= most]).items():
        wanted.setdefault(key[0], name)
    return {
        of: quote(Path(os.path.relpath(report / name, folder)).as_posix())
        for of, name in wanted.items()
        if (report / name).is_file()
    }
