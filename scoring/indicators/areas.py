"""Blocks, districts and the city: sums over their industrial parcels, ratios of sums."""

from __future__ import annotations

from collections.abc import Sequence

from scoring.indicators.inputs import CityYear, records
from scoring.indicators.of_reports import RATIOS, absent, by_land, ratio_absent
from scoring.indicators.parcels import ParcelYear
from scoring.indicators.quotient import (
    M2_PER_HA,
    REGISTER_NOT_LOADED,
    VALUE_MISSING,
    Quotient,
    or_zero,
    quotient,
    total,
)
from scoring.indicators.reports import MEASURES, Report

INVESTMENT = "investment_intensity_cny10k_per_ha"
OF_LAND = ("plot_ratio", "building_coefficient", "green_ratio", "admin_land_ratio")


def site_area(parcels: Sequence[ParcelYear]) -> float:
    """Return the area of all industrial parcels, vacant ones included."""
    return or_zero(total(parcel.row["site_area_m2"] for parcel in parcels))


def sums(parcels: Sequence[ParcelYear]) -> Report:
    """Return the sum of each measure over parcels."""
    return {measure: total(parcel.sums[measure] for parcel in parcels) for measure in MEASURES}


def area_indicators(city: CityYear, parcels: Sequence[ParcelYear]) -> list[Quotient]:
    """Return the indicators of an area with these industrial parcels.

    What relates reports to land takes the whole site area; every other indicator the parcels that have both parts.
    """
    deserted = not any(parcel.firms for parcel in parcels)
    invested = [parcel.quotients[INVESTMENT] for parcel in parcels]
    return [
        quotient(
            INVESTMENT,
            total(q.numerator for q in invested if q.has_both),
            site_area(parcels) / M2_PER_HA,
            absent=absent(city, "operations"),
            empty=not parcels,
            deserted=deserted,
        ),
        *(_of_both(code, parcels) for code in OF_LAND),
        *by_land(city, site_area(parcels), sums(parcels), deserted=deserted, empty=not parcels),
        *(_of_both(code, parcels, absent=ratio_absent(city, code), deserted=deserted) for code in RATIOS),
    ]


def _of_both(code: str, parcels: Sequence[ParcelYear], absent: bool = False, deserted: bool = False) -> Quotient:
    """Sum the parts of the parcels that have both; where none has, a parcel without a register decides the reason."""
    found = [parcel.quotients[code] for parcel in parcels]
    both = [q for q in found if q.has_both]
    unregistered = any(q.reason == REGISTER_NOT_LOADED for q in found)
    return quotient(
        code,
        total(q.numerator for q in both),
        total(q.denominator for q in both),
        absent=absent,
        empty=not parcels,
        deserted=deserted,
        missing=REGISTER_NOT_LOADED if unregistered else VALUE_MISSING,
    )


def districts_of_year(city: CityYear) -> list[str]:
    """Return the districts that hold in the year and those that accepted rows name."""
    valid = {
        row["code"]
        for row in records(city.profile["district"])
        if row["valid_from_year"] <= city.year <= (row["valid_to_year"] or city.year)
    }
    named = {row["district_code"] for data in ("parcels", "enterprises", "zones") for row in city.rows(data)}
    return sorted(valid | (named - {None}))


def blocks_of_year(city: CityYear) -> list[str]:
    """Return the blocks that accepted parcels name."""
    return sorted({row["block_code"] for row in city.rows("parcels")} - {None})
