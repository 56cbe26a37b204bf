"""Parcel indicators: what stands on the land and what the enterprises on it report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.indicators.inputs import CityYear, Record, records
from scoring.indicators.of_reports import absent, by_land, ratios, sum_by_share
from scoring.indicators.pairing import Pair
from scoring.indicators.quotient import (
    REGISTER_NOT_LOADED,
    VALUE_MISSING,
    Amount,
    Quotient,
    ha,
    or_zero,
    plus,
    quotient,
    total,
)
from scoring.indicators.reports import MEASURES, Report

ADMIN_USES = ("行政办公", "生活服务")


@dataclass(frozen=True)
class ParcelYear:
    """An industrial parcel with its indicators, the enterprises on it and their sums by share."""

    row: Record
    firms: frozenset[str]
    sums: Report
    quotients: Mapping[str, Quotient]


@dataclass(frozen=True)
class Built:
    """What is built on a parcel; `registered`: its district has a register of buildings."""

    footprint_m2: Amount
    floor_area_m2: Amount
    counted_floor_area_m2: Amount
    admin_floor_area_m2: Amount
    registered: bool


def evaluate_parcels(city: CityYear, paired: Sequence[Pair], reported: Mapping[str, Report]) -> list[ParcelYear]:
    """Return the accepted parcels whose land use is evaluated, in order of codes."""
    industrial = {row["code"] for row in records(city.profile["land_use"]) if row["is_industrial"]}
    rows = sorted(city.rows("parcels"), key=lambda row: row["parcel_code"])
    buildings = _by_parcel(city)
    registers = {row["district_code"] for row in rows if row["parcel_code"] in buildings}
    occupants: dict[str, list[Pair]] = defaultdict(list)
    for pair in paired:
        occupants[pair.parcel_code].append(pair)
    result = []
    for row in rows:
        if row["land_use_code"] in industrial:
            code = row["parcel_code"]
            stands = built(buildings.get(code, []), row["district_code"] in registers)
            result.append(_parcel(city, row, stands, occupants[code], reported))
    return result


def built(buildings: list[Record], registered: bool) -> Built:
    """Sum the buildings of a parcel; without one there are none if its district has a register, else it is unknown."""
    if not buildings:
        none = 0.0 if registered else None
        return Built(none, none, none, none, registered)
    floor = [row["floor_area_m2"] for row in buildings]
    counted = [plus(row["floor_area_m2"], or_zero(row["floor_area_over_8m_m2"])) for row in buildings]
    admin = [_admin_floor(row) for row in buildings]
    return Built(total(r["footprint_m2"] for r in buildings), total(floor), total(counted), total(admin), registered)


def land_indicators(row: Record, stands: Built) -> list[Quotient]:
    """Return plot ratio, building coefficient, green ratio and the share of administrative land of one parcel."""
    site = row["site_area_m2"]
    unknown = VALUE_MISSING if stands.registered else REGISTER_NOT_LOADED
    covered = plus(stands.footprint_m2, or_zero(row["structure_footprint_m2"]), or_zero(row["yard_area_m2"]))
    return [
        quotient("plot_ratio", stands.counted_floor_area_m2, site, missing=unknown),
        quotient("building_coefficient", covered, site, missing=unknown),
        quotient("green_ratio", row["green_area_m2"], site),
        quotient("admin_land_ratio", admin_land(row, stands), site, missing=unknown),
    ]


def admin_land(row: Record, stands: Built) -> Amount:
    """Return the administrative and living land: as declared, else the site by share of floor area."""
    if row["admin_land_area_m2"] is not None:
        return row["admin_land_area_m2"]
    if not stands.floor_area_m2 or stands.admin_floor_area_m2 is None:
        return None
    return row["site_area_m2"] * stands.admin_floor_area_m2 / stands.floor_area_m2


def _parcel(
    city: CityYear, row: Record, stands: Built, occupants: list[Pair], reported: Mapping[str, Report]
) -> ParcelYear:
    firms = [(reported[pair.uscc], pair.share) for pair in occupants]
    sums = {measure: sum_by_share(firms, measure) for measure in MEASURES}
    invested = plus(sums["fixed_investment_cny10k"], or_zero(row["land_price_cny10k"]))
    deserted = not firms
    found = [
        quotient(
            "investment_intensity_cny10k_per_ha",
            invested,
            ha(row["site_area_m2"]),
            absent=absent(city, "operations"),
            deserted=deserted,
        ),
        *land_indicators(row, stands),
        *by_land(city, row["site_area_m2"], sums, deserted=deserted),
        *ratios(city, firms),
    ]
    return ParcelYear(row, frozenset(pair.uscc for pair in occupants), sums, {q.code: q for q in found})


def _by_parcel(city: CityYear) -> dict[str, list[Record]]:
    result: dict[str, list[Record]] = defaultdict(list)
    for row in city.rows("buildings"):
        result[row["parcel_code"]].append(row)
    return dict(result)


def _admin_floor(row: Record) -> Amount:
    if row["building_use"] is None:
        return None
    return row["floor_area_m2"] if row["building_use"] in ADMIN_USES else 0.0
