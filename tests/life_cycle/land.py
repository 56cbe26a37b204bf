"""The agreement's land in a year and what the marts say of it (C1, F1)."""

from __future__ import annotations

from dataclasses import dataclass

from . import policy
from .days import year_end
from .known import Known, latest
from .records import Value


@dataclass(frozen=True)
class Land:
    """The parcels of one year; `merged`: with land that is not the agreement's."""

    parcels: frozenset[str]
    merged: bool


def land_of(known: Known, year: int) -> Land:
    """Follow the changes day by day up to 31 December of the year (C1)."""
    if year not in known.land:
        known.land[year] = _follow(known, year)
    return known.land[year]


def _follow(known: Known, year: int) -> Land:
    rows = latest(known.facts.changes, lambda r: (r.old_parcel_code, r.new_parcel_code), known.year)
    rows = [r for r in rows if r.change_date <= year_end(year)]
    land, merged = {known.agreement.parcel_code}, False
    ever = set(land)
    for day in sorted({r.change_date for r in rows}):
        todays = [r for r in rows if r.change_date == day]
        moved = [r for r in todays if r.old_parcel_code in land]
        while moved:
            todays = [r for r in todays if r not in moved]
            for row in moved:
                parents = {r.old_parcel_code for r in rows if r.new_parcel_code == row.new_parcel_code}
                merged = merged or (row.kind == "合并" and not parents <= ever | {r.old_parcel_code for r in moved})
            land -= {r.old_parcel_code for r in moved}
            land |= {r.new_parcel_code for r in moved}
            ever |= land
            moved = [r for r in todays if r.old_parcel_code in land]
    return Land(frozenset(land), merged)


def actual_value(known: Known, stage: str, indicator: str, year: int) -> tuple[float | None, str | None]:
    """Return the indicator of the land in a year and no reason, or None and the reason (F1)."""
    if (stage, indicator, year) not in known.actual:
        known.actual[stage, indicator, year] = _measure(known, stage, indicator, year)
    return known.actual[stage, indicator, year]


def _measure(known: Known, stage: str, indicator: str, year: int) -> tuple[float | None, str | None]:
    here = _parts(known, indicator, year)
    if isinstance(here, str):
        return None, here
    numerator, denominator = here
    if (stage, indicator) in policy.THREE_YEARS:
        before = [_parts(known, indicator, year - back) for back in (1, 2)]
        if any(isinstance(part, str) for part in before):
            return None, "too_few_years"
        numerator = (numerator + sum(part[0] for part in before)) / 3
    return (numerator / denominator, None) if denominator else (None, "zero_denominator")


def _parts(known: Known, indicator: str, year: int) -> tuple[float, float] | str:
    land = land_of(known, year)
    if land.merged:
        return "parcel_merged"
    rows: list[Value | None] = [known.values.get((parcel, year, indicator)) for parcel in sorted(land.parcels)]
    if any(v is None or v.numerator is None or v.denominator is None for v in rows):
        return "missing"
    return sum(v.numerator for v in rows), sum(v.denominator for v in rows)


def built_of(known: Known, year: int) -> tuple[float | None, float | None]:
    """Return built floor area and investment of the land in a year; None where a part of it is not known (I2)."""
    land = land_of(known, year)
    rows = [b for b in known.facts.built if b.year == year <= known.year and b.parcel_code in land.parcels]
    if land.merged or len(rows) < len(land.parcels):
        return None, None
    floor = [b.floor_area_m2 for b in rows]
    money = [b.investment_cny10k for b in rows]
    return (None if None in floor else sum(floor)), (None if None in money else sum(money))
