"""Districts and the city by their yearly statistics: the four indices of TD/T 1018-2008 and management performance.

Growth is that on the previous year within the boundaries of the year: a predecessor's figures are added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from scoring.indicators.inputs import CityYear, records
from scoring.indicators.quotient import (
    VALUE_MISSING,
    ZERO_DENOMINATOR,
    Amount,
    Quotient,
    m2,
    quotient,
    total,
)

NO_PREVIOUS_YEAR = "no_previous_year"
DISTRICT_SPLIT = "district_split"
ALL_INDUSTRIES = "00"
HA_PER_KM2 = 100
PEOPLE, GDP = "population", "gdp_cny10k"
URBAN_RURAL, ALL_LAND = "urban_rural_construction_land_ha", "construction_land_ha"


@dataclass(frozen=True)
class Members:
    """The district codes whose rows of one year make up a unit; why they may not be summed."""

    codes: tuple[str, ...]
    reason: str | None


class Regions:
    """The series of a city: `figures` and `reason` of a unit for the year and the year before."""

    def __init__(self, city: CityYear) -> None:
        """Take the yearly statistics of all industries together."""
        self._city = city
        self._rows = {
            (row["data_year"], row["district_code"]): row
            for row in city.rows("district_series")
            if row["industry_code"] == ALL_INDUSTRIES and row["data_year"] <= city.year
        }
        self._districts = records(city.profile["district"])

    @cached_property
    def absent(self) -> bool:
        """Tell whether the year has no series."""
        return self._city.lacks("district_series")

    def has(self, unit: str) -> bool:
        """Tell whether the unit's figures of the year are known at all."""
        members = self.members(unit, self._city.year)
        return bool(members.codes) and members.reason is None

    def figure(self, unit: str, years_ago: int, measure: str) -> Amount:
        """Return a measure of the unit as it is bounded now; None where one of its rows lacks it."""
        year = self._city.year - years_ago
        members = self.members(unit, year)
        parts = [self._rows.get((year, code), {}).get(measure) for code in members.codes]
        return None if members.reason or None in parts else total(parts)

    def base_reason(self, unit: str) -> str | None:
        """Return why the unit has no previous year to compare with."""
        before = self.members(unit, self._city.year - 1)
        if before.codes:
            return before.reason
        founded = min((d["valid_from_year"] for d in self._districts if d["code"] == unit), default=0)
        return DISTRICT_SPLIT if founded >= self._city.year else NO_PREVIOUS_YEAR

    def members(self, unit: str, year: int) -> Members:
        """Return what makes up a unit in a year: the city is its own row or, where no year has one, all districts."""
        city_code = self._city.city_code
        if unit == city_code and any(code == city_code for _, code in self._rows):
            return Members((city_code,), None if (year, city_code) in self._rows else NO_PREVIOUS_YEAR)
        held = {code: self._holders(code) for code in self._expected(year)}
        codes = [code for code, holders in held.items() if unit in holders or (unit == city_code and holders)]
        split = unit != city_code and any(len(held[code]) > 1 for code in codes)
        missing = any((year, code) not in self._rows for code in codes)
        return Members(tuple(codes), DISTRICT_SPLIT if split else NO_PREVIOUS_YEAR if missing else None)

    def _expected(self, year: int) -> list[str]:
        """Return the codes that should have a row: those valid before and after the year, and those that have one."""
        inside = {d["code"] for d in self._districts if d["valid_from_year"] < year < (d["valid_to_year"] or year + 1)}
        found = {code for row_year, code in self._rows if row_year == year}
        return sorted((inside | found) - {self._city.city_code})

    def _holders(self, code: str) -> frozenset[str]:
        """Return the districts that hold a code's land in the year: itself, or its successors, however far."""
        year = self._city.year
        rows = [d for d in self._districts if d["code"] == code]
        stands = any(d["valid_from_year"] <= year < (d["valid_to_year"] or year + 1) for d in rows)
        if stands or (year, code) in self._rows:
            return frozenset({code})
        successors = {d["successor_code"] for d in rows} - {None}
        return frozenset().union(*(self._holders(successor) for successor in successors))


def regional_indicators(regions: Regions, unit: str, city_code: str) -> list[Quotient]:
    """Return the indicators of a district, or of the city (which has no contribution to itself)."""
    view = _View(regions, unit, city_code)
    return [*_levels(view), *_growths(view), *(_contributions(view) if unit != city_code else [])]


class _View:
    """Figures of one unit; without a row of the year nothing is known."""

    def __init__(self, regions: Regions, unit: str, city_code: str) -> None:
        self.absent = regions.absent
        self._regions, self._unit, self._city = regions, unit, city_code
        self._known = regions.has(unit)
        self.base_reason = regions.base_reason(unit) if self._known else None

    def now(self, measure: str) -> Amount:
        return self._regions.figure(self._unit, 0, measure) if self._known else None

    def before(self, measure: str) -> Amount:
        return self._regions.figure(self._unit, 1, measure) if self._known else None

    def growth(self, measure: str) -> Amount:
        return minus(self.now(measure), self.before(measure))

    def city_growth(self, measure: str) -> Amount:
        figures = (self._regions.figure(self._city, ago, measure) if self._known else None for ago in (0, 1))
        return minus(*figures)

    def missing(self, *parts: Amount) -> str:
        """Return the reason of a missing growth: no base year, else a part of a part that is 0."""
        return self.base_reason or (ZERO_DENOMINATOR if 0 in parts else VALUE_MISSING)


def minus(one: Amount, other: Amount) -> Amount:
    """Return the difference, None where a part is missing."""
    return None if one is None or other is None else one - other


def over(one: Amount, other: Amount) -> Amount:
    """Return the ratio, None where a part is missing or the divisor 0."""
    return None if one is None or not other else one / other


def _km2(area_ha: Amount) -> Amount:
    return over(area_ha, HA_PER_KM2)


def _levels(view: _View) -> list[Quotient]:
    now, common = view.now, {"absent": view.absent}
    invested, urban_rural, land = now("fixed_investment_cny10k"), now(URBAN_RURAL), now(ALL_LAND)
    fresh = m2(now("new_construction_land_ha"))
    return [
        quotient("urban_rural_population_density_person_per_km2", now(PEOPLE), _km2(urban_rural), **common),
        quotient("construction_land_investment_cny10k_per_km2", invested, _km2(land), **common),
        quotient("construction_land_gdp_cny10k_per_km2", now(GDP), _km2(land), **common),
        quotient("urban_plot_ratio", now("floor_area_m2"), m2(urban_rural), **common),
        quotient("new_land_per_investment_m2_per_cny10k", fresh, invested, **common),
        quotient("stock_supply_ratio", now("stock_supplied_ha"), now("supplied_ha"), **common),
        quotient("batch_supply_ratio", now("approved_supplied_ha"), now("approved_ha"), **common),
    ]


def _growths(view: _View) -> list[Quotient]:
    now, before, growth, absent = view.now, view.before, view.growth, view.absent
    fresh = m2(now("new_construction_land_ha"))
    used_before, used_now = over(before(ALL_LAND), before(GDP)), over(now(ALL_LAND), now(GDP))
    grown = {"absent": absent, "missing": view.missing(), "grows": True}
    return [
        quotient(
            "urban_rural_land_per_population_growth_m2_per_person", m2(growth(URBAN_RURAL)), growth(PEOPLE), **grown
        ),
        quotient(
            "gdp_land_use_decline_ratio",
            minus(used_before, used_now),
            used_before,
            absent=absent,
            missing=view.missing(now(GDP), before(GDP)),
        ),
        quotient("new_land_per_gdp_growth_m2_per_cny10k", fresh, growth(GDP), **grown),
        _elasticity("population_land_elasticity_ratio", view, PEOPLE, URBAN_RURAL),
        _elasticity("gdp_land_elasticity_ratio", view, GDP, ALL_LAND),
    ]


def _elasticity(code: str, view: _View, measure: str, land: str) -> Quotient:
    """Return the growth rate of people or GDP by that of land."""
    bases = view.before(measure), view.before(land)
    rates = over(view.growth(measure), bases[0]), over(view.growth(land), bases[1])
    return quotient(code, *rates, absent=view.absent, missing=view.missing(*bases))


def _contributions(view: _View) -> list[Quotient]:
    """Return the district's part in the city's growth of people or GDP by its part in the growth of land."""
    pairs: Mapping[str, tuple[str, str]] = {
        "population_land_contribution_ratio": (PEOPLE, URBAN_RURAL),
        "gdp_land_contribution_ratio": (GDP, ALL_LAND),
    }
    found = []
    for code, (measure, land) in pairs.items():
        wholes = view.city_growth(measure), view.city_growth(land)
        parts = over(view.growth(measure), wholes[0]), over(view.growth(land), wholes[1])
        found.append(quotient(code, *parts, absent=view.absent, missing=view.missing(*wholes)))
    return found
