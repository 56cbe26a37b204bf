"""What land is forecast by: scenarios, methods, sources of supply, caps, quotas; all of it data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.forecast.policy import PolicyError, Seeds, number

Row = Mapping[str, str]

ALL = "00"  # the contract's code for all industries
SEEDS = (
    "forecast_land_method",
    "forecast_scenario",
    "forecast_supply_source",
    "forecast_land_cap",
    "forecast_quota",
    "forecast_land_setting",
)
LAND_METHODS = (
    "output_per_land",
    "towards_ideal",
    "elasticity",
    "quota",
    "land_per_worker",
    "regression",
    "gm11",
    "naive",
)


@dataclass(frozen=True)
class Scenario:
    """Named drivers: yearly growth rates changed by fractions, upgrading, a factor on realisation rates.

    `upgrade_rate` is what R&D-led upgrading adds to the yearly growth of output per land, from `upgrade_after_years`
    after the base year on.
    """

    name: str
    activity_growth_change: float
    output_per_land_growth_change: float
    upgrade_rate: float
    upgrade_after_years: int
    supply_rate_factor: float


@dataclass(frozen=True)
class SupplySource:
    """A source of land in the order in which a parcel counts; sign -1 is land that leaves industry.

    Rate and share hold where a row gives none. `new_land` is held to the plan's cap. What the warehouse itself knows
    of the source: `consequences` of contracts, or a `potential`; usable `years_until` years after the base year.
    """

    source: str
    sign: int
    realisation_rate: float
    industrial_share: float
    new_land: bool = False
    years_until: int = 0
    consequences: tuple[str, ...] = ()
    potential: str = ""


@dataclass(frozen=True)
class LandCap:
    """New construction land (ha) that a plan allows a district or the city from one year until another."""

    code: str
    district_code: str
    from_year: int
    until_year: int
    cap_ha: float


@dataclass(frozen=True)
class MethodRule:
    """A method of land: fewest points, the limit of its own test (see the seed's note), weight without a back-test."""

    method: str
    min_points: int
    limit: float
    weight: float


@dataclass(frozen=True)
class LandPolicy:
    """Everything together; sources in the order in which a parcel counts, quotas by kind and industry."""

    scenarios: tuple[Scenario, ...]
    sources: tuple[SupplySource, ...]
    caps: tuple[LandCap, ...]
    quotas: Mapping[str, Mapping[str, float]]
    methods: tuple[MethodRule, ...]
    settings: Mapping[str, float]

    def quota(self, kind: str, industry_code: str) -> float:
        """Return the value of a kind for an industry, else for all industries, else NaN."""
        values = self.quotas.get(kind, {})
        return values.get(industry_code, values.get(ALL, math.nan))


def read(seeds: Seeds) -> LandPolicy:
    """Return the policy from the rows of SEEDS as text; raises PolicyError naming what is missing or no number."""
    quotas: dict[str, dict[str, float]] = {}
    for row in seeds["forecast_quota"]:
        value = number(row["value"], f"forecast_quota {row['kind']} {row['industry_code']}")
        quotas.setdefault(row["kind"], {})[row["industry_code"]] = value
    return LandPolicy(
        scenarios=tuple(_scenario(r) for r in _ordered(seeds, "forecast_scenario", "scenario_order")),
        sources=tuple(_source(r) for r in _ordered(seeds, "forecast_supply_source", "source_order")),
        caps=tuple(_cap(r) for r in sorted(seeds["forecast_land_cap"], key=lambda r: r["cap_code"])),
        quotas=quotas,
        methods=tuple(_method(r) for r in seeds["forecast_land_method"]),
        settings=_settings(seeds["forecast_land_setting"]),
    )


_NEEDED = ("ideal_years", "growth_step", "output_per_land_step")


def _settings(rows: Sequence[Row]) -> dict[str, float]:
    found = {r["setting"]: number(r["value"], f"forecast_land_setting {r['setting']}") for r in rows}
    for name in _NEEDED:
        if name not in found:
            raise PolicyError(f"forecast_land_setting has no row {name}")
    if found["ideal_years"] < 1:
        raise PolicyError("forecast_land_setting: ideal_years must be at least 1")
    return found


def _ordered(seeds: Seeds, seed: str, column: str) -> list[Row]:
    return sorted(seeds[seed], key=lambda row: number(row[column], f"{seed} {column}"))


def _scenario(row: Row) -> Scenario:
    name = f"forecast_scenario {row['scenario']}"
    return Scenario(
        name=row["scenario"],
        activity_growth_change=number(row["activity_growth_change"], name),
        output_per_land_growth_change=number(row["output_per_land_growth_change"], name),
        upgrade_rate=number(row["upgrade_rate"], name),
        upgrade_after_years=int(number(row["upgrade_after_years"], name)),
        supply_rate_factor=number(row["supply_rate_factor"], name),
    )


def _source(row: Row) -> SupplySource:
    name = f"forecast_supply_source {row['source']}"
    return SupplySource(
        source=row["source"],
        sign=int(number(row["sign"], name)),
        realisation_rate=number(row["realisation_rate"], name),
        industrial_share=number(row["industrial_share"], name),
        new_land=row["new_land"] == "true",
        years_until=int(number(row["years_until"], name, 0.0)),
        consequences=tuple(code for code in row["consequences"].split("|") if code),
        potential=row["potential"],
    )


def _cap(row: Row) -> LandCap:
    name = f"forecast_land_cap {row['cap_code']}"
    years = int(number(row["from_year"], name)), int(number(row["until_year"], name))
    return LandCap(row["cap_code"], row["district_code"], *years, number(row["cap_km2"], name) * 100)


def _method(row: Row) -> MethodRule:
    name = f"forecast_land_method {row['method']}"
    if row["method"] not in LAND_METHODS:
        raise PolicyError(f"{name}: not a method of land; known: {', '.join(LAND_METHODS)}")
    points, limit = int(number(row["min_points"], name)), number(row["test_limit"], name, math.nan)
    return MethodRule(row["method"], points, limit, number(row["weight"], name, 0.0))
