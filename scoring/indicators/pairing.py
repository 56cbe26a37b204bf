"""Which enterprise is on which parcel, with which share; the land of an enterprise."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from scoring.indicators.inputs import CityYear, Record, records
from scoring.indicators.quotient import Amount, times, total

NOT_COUNTED = ("注销", "吊销")
SMALLEST_AREA_M2 = 1e-6  # sums hold 16 decimals: shares of less would not sum to 1


@dataclass(frozen=True)
class Pair:
    """One enterprise on one parcel; the shares of an enterprise sum to 1."""

    uscc: str
    parcel_code: str
    tenure: str | None
    matched_by: str
    floor_area_m2: Amount
    land_area_m2: Amount
    share_basis: str = ""
    share: float = 0.0


def counted(city: CityYear) -> dict[str, Record]:
    """Return the enterprises of the year's register that count, by uscc."""
    return {row["uscc"]: row for row in city.rows("enterprises") if row["registration_state"] not in NOT_COUNTED}


def pairs(city: CityYear, firms: Iterable[str]) -> list[Pair]:
    """Return the pairs of the enterprises that count: declared ones, and points of those that declared nothing."""
    wanted = set(firms)
    declarations = city.rows("occupancy")
    declared = [_declared(row) for row in declarations if row["uscc"] in wanted and is_valid(row, city.year)]
    silent = wanted - {row["uscc"] for row in declarations}
    by_firm = _grouped([*declared, *_by_point(city, silent)], "uscc")
    return [pair for group in by_firm.values() for pair in with_shares(group)]


def is_valid(row: Record, year: int) -> bool:
    """Tell whether an occupancy holds on any day of the year; an empty date is open."""
    start = row["start_date"] or date.min
    end = row["end_date"] or date.max
    return max(start, date(year, 1, 1)) <= min(end, date(year, 12, 31))


def with_shares(group: Sequence[Pair]) -> list[Pair]:
    """Return the pairs with each one's part of the group: by floor area, else by land area, else in equal parts.

    A basis is taken where every row of the group has it and it sums to an area: a square millimetre at least.
    """
    for basis, areas in (
        ("floor_area", [pair.floor_area_m2 for pair in group]),
        ("land_area", [pair.land_area_m2 for pair in group]),
    ):
        known = [area for area in areas if area is not None]
        if len(known) == len(group) and math.fsum(known) >= SMALLEST_AREA_M2:
            parts = [area / math.fsum(known) for area in known]
            return [replace(p, share_basis=basis, share=part) for p, part in zip(group, parts, strict=True)]
    return [replace(pair, share_basis="equal", share=1 / len(group)) for pair in group]


def land_of_enterprises(city: CityYear, paired: Sequence[Pair]) -> dict[str, Amount]:
    """Return the land of each enterprise: of each of its parcels the site area by its share among all occupants."""
    sites = {row["parcel_code"]: row["site_area_m2"] for row in city.rows("parcels")}
    pieces: dict[str, list[Amount]] = defaultdict(list)
    for parcel_code, group in _grouped(paired, "parcel_code").items():
        for pair in with_shares(group):
            pieces[pair.uscc].append(times(sites.get(parcel_code), pair.share))
    return {uscc: total(areas) for uscc, areas in pieces.items()}


def _declared(row: Record) -> Pair:
    areas = row["floor_area_m2"], row["land_area_m2"]
    return Pair(row["uscc"], row["parcel_code"], row["tenure"], "declared", *areas)


def _by_point(city: CityYear, firms: set[str]) -> list[Pair]:
    """Return one pair for each point; a point on a border belongs to the first parcel in order of codes."""
    hits: dict[str, str] = {}
    for hit in records(city.point_hits):
        uscc, parcel_code = hit["uscc"], hit["parcel_code"]
        if uscc in firms:
            hits[uscc] = min(hits.get(uscc, parcel_code), parcel_code)
    return [Pair(uscc, parcel_code, None, "point_in_parcel", None, None) for uscc, parcel_code in sorted(hits.items())]


def _grouped(paired: Iterable[Pair], key: str) -> dict[str, list[Pair]]:
    groups: dict[str, list[Pair]] = defaultdict(list)
    for pair in paired:
        groups[getattr(pair, key)].append(pair)
    return groups
