"""Every indicator of a city year at every scale, in the long form of fct_indicator_value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from scoring.indicators.areas import area_indicators, blocks_of_year, districts_of_year, site_area, sums
from scoring.indicators.enterprises import enterprise_indicators, industry_indicators, members_by_industry
from scoring.indicators.inputs import CityYear, Record, records
from scoring.indicators.pairing import counted, land_of_enterprises, pairs
from scoring.indicators.parcels import ParcelYear, evaluate_parcels
from scoring.indicators.quotient import Amount, Quotient, total
from scoring.indicators.regions import Regions, regional_indicators
from scoring.indicators.reports import MEASURES, Report, reports
from scoring.indicators.unmatched import Remainder, remainders, unmatched
from scoring.indicators.zones import zone_indicators, zone_type

VALUES = ("scale", "unit_code", "indicator_code", "value", "null_reason", "numerator", "denominator")
AMOUNTS = ("scale", "unit_code", "amount_code", "amount")
PAIRS = ("uscc", "parcel_code", "tenure", "matched_by", "share_basis", "share")
ZONE_TYPES = ("zone_code", "zone_type_evaluated")


@dataclass(frozen=True)
class Evaluation:
    """Results of one city year; column names are those of the marts.

    `values` has the columns VALUES, one row for each unit and indicator; `amounts` (AMOUNTS) the measures, areas and
    counts of units; `pairs` (PAIRS) the bridge of parcels and enterprises; `zone_types` (ZONE_TYPES) one row a zone.
    """

    values: pd.DataFrame
    amounts: pd.DataFrame
    pairs: pd.DataFrame
    zone_types: pd.DataFrame


class _Collector:
    """Gathers rows unit by unit."""

    def __init__(self) -> None:
        self.values: list[tuple] = []
        self.amounts: list[tuple] = []

    def add(self, scale: str, unit_code: str, found: Iterable[Quotient], amounts: Mapping[str, Amount]) -> None:
        self.values += [(scale, unit_code, q.code, q.value, q.reason, q.numerator, q.denominator) for q in found]
        self.amounts += [(scale, unit_code, code, amount) for code, amount in amounts.items()]


def evaluate(city: CityYear) -> Evaluation:
    """Evaluate one city year at the scales parcel, enterprise, block, zone, district, city and industry."""
    firms = counted(city)
    paired = pairs(city, firms)
    reported = reports(city, firms)
    out = _Collector()
    parcels = evaluate_parcels(city, paired, reported)
    _areas(out, city, parcels, remainders(firms, paired, parcels, reported))
    _enterprises(out, city, firms, reported, land_of_enterprises(city, paired))
    zones = city.rows("zones")
    for zone in zones:
        out.add("zone", zone["zone_code"], zone_indicators(zone), {})
    rules = records(city.policy["zone_type_rule"])
    types = [(zone["zone_code"], zone_type(zone, rules)) for zone in zones]
    bridge = [{name: value for name, value in asdict(pair).items() if name in PAIRS} for pair in paired]
    return Evaluation(
        pd.DataFrame(out.values, columns=list(VALUES), dtype=object),
        pd.DataFrame(out.amounts, columns=list(AMOUNTS), dtype=object),
        pd.DataFrame(bridge, columns=list(PAIRS), dtype=object),
        pd.DataFrame(types, columns=list(ZONE_TYPES), dtype=object),
    )


def _areas(out: _Collector, city: CityYear, parcels: Sequence[ParcelYear], rest: Mapping[str, Remainder]) -> None:
    for parcel in parcels:
        amounts = {**parcel.sums, **_presence(city, [parcel])}
        out.add("parcel", parcel.row["parcel_code"], parcel.quotients.values(), amounts)
    for block in blocks_of_year(city):
        _area(out, city, "block", block, [parcel for parcel in parcels if parcel.row["block_code"] == block])
    series = Regions(city)
    for district in districts_of_year(city):
        within = [parcel for parcel in parcels if parcel.row["district_code"] == district]
        _region(out, city, "district", district, within, series, rest.get(district, []))
    _region(out, city, "city", city.city_code, parcels, series, [part for parts in rest.values() for part in parts])


def _area(out: _Collector, city: CityYear, scale: str, unit: str, parcels: Sequence[ParcelYear]) -> None:
    out.add(scale, unit, area_indicators(city, parcels), {**sums(parcels), **_presence(city, parcels)})


def _region(
    out: _Collector,
    city: CityYear,
    scale: str,
    unit: str,
    parcels: Sequence[ParcelYear],
    series: Regions,
    rest: Remainder,
) -> None:
    _area(out, city, scale, unit, parcels)
    out.add(scale, unit, regional_indicators(series, unit, city.city_code), unmatched(city, rest))


def _presence(city: CityYear, parcels: Sequence[ParcelYear]) -> dict[str, Amount]:
    """Return the site area and the number of different enterprises, not known without a register of them."""
    firms = frozenset[str]().union(*(parcel.firms for parcel in parcels))
    known = None if city.lacks("enterprises") else float(len(firms))
    return {"site_area_m2": site_area(parcels), "enterprise_count": known}


def _enterprises(
    out: _Collector,
    city: CityYear,
    firms: Mapping[str, Record],
    reported: Mapping[str, Report],
    land: Mapping[str, Amount],
) -> None:
    for uscc, report in reported.items():
        amounts = {**report, "land_area_m2": land.get(uscc)}
        out.add("enterprise", uscc, enterprise_indicators(city, report, land.get(uscc)), amounts)
    for industry, members in members_by_industry(city, firms).items():
        told, area = [reported[uscc] for uscc in members], total(land.get(uscc) for uscc in members)
        sums_of = {measure: total(report[measure] for report in told) for measure in MEASURES}
        amounts = {**sums_of, "land_area_m2": area, "enterprise_count": float(len(members))}
        out.add("industry", industry, industry_indicators(city, told, area), amounts)
