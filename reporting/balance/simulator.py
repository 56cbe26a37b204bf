"""Demand files for land-use simulators: hectares by class and year, from a scenario's combined demand.

CLUE-S reads `demand.in1`: the number of lines, then a line a year from the base year on, hectares by class in the order
of their codes, separated by spaces; all classes together may not change (P. Verburg, The CLUE model, hands-on
exercises, 2010, step 7). PLUS is given a table of the same figures. Areas are kept as whole units (square metres, or
cells), so that every line adds up to the same total exactly.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from landgauge.errors import ConfigurationError

FORECAST, CONSTRUCTION, REST, GIVEN = "forecast", "construction_less_industrial", "rest", "given"
_BASES = (FORECAST, CONSTRUCTION, REST, GIVEN)
_CODE = re.compile(r"[A-Za-z0-9_]{1,40}")
_ADVICE = "Correct seeds/policy/simulator_class.csv; docs/land-outputs.md explains it."
_GIVEN_ADVICE = "Columns: class_code, area_ha and, for areas of later years, year; docs/land-outputs.md shows one."
M2_OF_HA = 10_000


class NotWritten(Exception):
    """Why a demand file cannot be written; the text is for its reader."""


@dataclass(frozen=True)
class LandClass:
    """A class of the simulator: code and name, where its area comes from, its share in giving land to the others."""

    code: str
    name: str
    basis: str
    gives_share: float


@dataclass(frozen=True)
class Known:
    """What is known of the base year, in hectares; None is not known. `given` is class → year (None: base) → area."""

    base_year: int
    construction_ha: float | None
    total_ha: float | None
    given: Mapping[str, Mapping[int | None, float]]


def classes(rows: Sequence[Mapping[str, str]]) -> list[LandClass]:
    """Return the classes of the seed in their order, which must be 0, 1, 2, … as the simulators count.

    Raises ConfigurationError for an order with gaps, a code twice, an unknown basis, not exactly one forecast class.
    """
    try:
        ordered = sorted(rows, key=lambda r: int(r["class_order"]))
        found = [LandClass(r["class_code"], r["name_zh"], r["area_basis"], float(r["gives_share"])) for r in ordered]
        orders = [int(r["class_order"]) for r in ordered]
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(f"seeds/policy/simulator_class.csv cannot be read: {error}", _ADVICE) from error
    codes = [c.code for c in found]
    sound = orders == list(range(len(found))) and len(set(codes)) == len(codes) and all(map(_CODE.fullmatch, codes))
    shares = all(math.isfinite(c.gives_share) and c.gives_share >= 0 and c.basis in _BASES for c in found)
    if not (sound and shares and [c.basis for c in found].count(FORECAST) == 1):
        raise ConfigurationError("seeds/policy/simulator_class.csv: an order, code, basis or share is wrong", _ADVICE)
    return found


def read_given(path: Path | None) -> dict[str, dict[int | None, float]]:
    """Return the city's own areas by class and year from a csv: class_code, area_ha and, optionally, year.

    Raises ConfigurationError naming the line that cannot be read.
    """
    found: dict[str, dict[int | None, float]] = {}
    if path is None:
        return found
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read as UTF-8 text", _GIVEN_ADVICE) from error
    for number, row in enumerate(rows, start=2):
        try:
            area, year = float(row["area_ha"]), row.get("year")
            if not (math.isfinite(area) and area >= 0):
                raise ValueError("area_ha")
            found.setdefault(row["class_code"].strip(), {})[int(year) if year else None] = area
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"{path} line {number} cannot be read", _GIVEN_ADVICE) from error
    return found


def base_areas(some: Sequence[LandClass], industrial_ha: float, known: Known) -> dict[str, float]:
    """Return the area of each class in the base year in hectares.

    Raises NotWritten where the area of a class is not known, or is not what the others leave.
    """
    areas: dict[str, float] = {}
    for one in sorted(some, key=lambda c: c.basis == REST):
        given = known.given.get(one.code, {})
        if one.basis == FORECAST:
            areas[one.code] = industrial_ha
        elif None in given or known.base_year in given:
            areas[one.code] = given.get(known.base_year, given.get(None, 0.0))
        elif one.basis == CONSTRUCTION and known.construction_ha is not None:
            areas[one.code] = known.construction_ha - industrial_ha
        elif one.basis == REST and known.total_ha is not None:
            areas[one.code] = known.total_ha - math.fsum(areas.values())
        else:
            raise NotWritten(f"class {one.code} ({one.name}) has no area in {known.base_year}")
        if areas[one.code] < 0:
            raise NotWritten(f"class {one.code} ({one.name}) would have {areas[one.code]:,.2f} ha in {known.base_year}")
    return areas


def demand(
    some: Sequence[LandClass], land_ha: Mapping[int, float], known: Known, unit_m2: float = 1.0
) -> dict[int, list[int]]:
    """Return by year the area of each class in whole units, each year adding up to the same total.

    `land_ha`: industrial land by year from the base year on. A class with areas of its own follows them from year to
    year, the others stay; what is gained or lost is given by the classes with a share in giving.
    Raises NotWritten where an area is not known, or a class would have to give more than it has.
    """
    base = base_areas(some, land_ha[known.base_year], known)
    first = {c.code: round(base[c.code] * M2_OF_HA / unit_m2) for c in some}
    givers = [c for c in some if c.gives_share > 0 and c.basis != FORECAST and not _path(c, known)]
    if not givers:
        raise NotWritten("no class gives the land that others gain, so the total would change")
    table = {}
    for year in sorted(land_ha):
        areas = dict(first)
        for one in some:
            hectares = land_ha[year] if one.basis == FORECAST else _given_in(one, known, year)
            if hectares is not None:
                areas[one.code] = round(hectares * M2_OF_HA / unit_m2)
        _give(areas, givers, sum(areas.values()) - sum(first.values()))
        short = next((c for c in some if areas[c.code] < 0), None)
        if short:
            raise NotWritten(f"class {short.code} ({short.name}) would have to give more than it has by {year}")
        table[year] = [areas[c.code] for c in some]
    return table


def _path(one: LandClass, known: Known) -> list[int]:
    """The years after the base year for which the city gives this class an area."""
    return sorted(y for y in known.given.get(one.code, {}) if y is not None and y > known.base_year)


def _given_in(one: LandClass, known: Known, year: int) -> float | None:
    """The area that the city gives a class for a year, or for the last one before it; None where it gives none."""
    before = [y for y in _path(one, known) if y <= year]
    return known.given[one.code][before[-1]] if before else None


def _give(areas: dict[str, int], givers: Sequence[LandClass], gained: int) -> None:
    """Take what was gained from the givers by their shares; the last one gives what rounding leaves."""
    whole, left = math.fsum(c.gives_share for c in givers), gained
    for one in givers[:-1]:
        part = round(gained * one.gives_share / whole)
        areas[one.code] -= part
        left -= part
    areas[givers[-1].code] -= left


def clue_s(table: Mapping[int, Sequence[int]]) -> str:
    """Return demand.in1 from whole square metres: the number of lines, then a line a year of hectares by class."""
    lines = [" ".join(f"{area / M2_OF_HA:.4f}" for area in table[year]) for year in sorted(table)]
    return "\n".join([str(len(lines)), *lines]) + "\n"


def plus(table: Mapping[int, Sequence[int]], some: Sequence[LandClass], hectares: bool) -> str:
    """Return the csv of year by class: hectares of whole square metres, or the whole cells as they are."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["year", *(c.code for c in some)])
    for year in sorted(table):
        writer.writerow([year, *(f"{a / M2_OF_HA:.4f}" if hectares else a for a in table[year])])
    return out.getvalue()
