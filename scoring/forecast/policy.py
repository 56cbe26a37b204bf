"""What a forecast is made by: horizon, methods and their tests, scenarios, sources of supply; all of it data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.forecast.gm11 import AccuracyGrade

Seeds = Mapping[str, Sequence[Mapping[str, str]]]

SEEDS = ("forecast_setting", "forecast_method", "forecast_grade", "forecast_scenario", "forecast_supply_source")


class PolicyError(ValueError):
    """A forecast seed that cannot be worked with; the message names seed and value."""


@dataclass(frozen=True)
class MethodRule:
    """A method's own limits (infinity where it has none) and its weight in the combination."""

    method: str
    min_points: int
    max_log_residual_sd: float
    weight: float


@dataclass(frozen=True)
class Scenario:
    """Changes of yearly growth rates (fractions added) and a factor on realisation rates."""

    name: str
    value_added_growth_change: float
    output_per_land_growth_change: float
    supply_rate_factor: float


@dataclass(frozen=True)
class SupplySource:
    """A source of land in the order in which a parcel counts; sign -1 is land that leaves industry.

    The rate and the share hold where a row gives none.
    """

    source: str
    sign: int
    realisation_rate: float
    industrial_share: float


@dataclass(frozen=True)
class ForecastPolicy:
    """Everything together; grades best first, sources in the order in which a parcel counts."""

    horizon_years: int
    interval_coverage: float
    min_backtest_errors: int
    methods: tuple[MethodRule, ...]
    grades: tuple[AccuracyGrade, ...]
    scenarios: tuple[Scenario, ...]
    sources: tuple[SupplySource, ...]


def read(seeds: Seeds) -> ForecastPolicy:
    """Return the policy from the rows of SEEDS as text; raises PolicyError naming what is missing or no number."""
    settings = {row["setting"]: row["value"] for row in seeds["forecast_setting"]}
    policy = ForecastPolicy(
        horizon_years=int(_setting(settings, "horizon_years")),
        interval_coverage=_setting(settings, "interval_coverage"),
        min_backtest_errors=int(_setting(settings, "min_backtest_errors")),
        methods=tuple(_method(row) for row in seeds["forecast_method"]),
        grades=tuple(_grade(row) for row in _ordered(seeds["forecast_grade"], "grade_order")),
        scenarios=tuple(_scenario(row) for row in _ordered(seeds["forecast_scenario"], "scenario_order")),
        sources=tuple(_source(row) for row in _ordered(seeds["forecast_supply_source"], "source_order")),
    )
    if policy.horizon_years < 1 or not 0 < policy.interval_coverage < 1:
        raise PolicyError("forecast_setting: horizon_years must be at least 1 and interval_coverage between 0 and 1")
    return policy


def _ordered(rows: Sequence[Mapping[str, str]], column: str) -> list[Mapping[str, str]]:
    return sorted(rows, key=lambda row: int(row[column]))


def _setting(settings: Mapping[str, str], name: str) -> float:
    if name not in settings:
        raise PolicyError(f"forecast_setting has no row {name}")
    return _number(settings[name], f"forecast_setting {name}")


def _method(row: Mapping[str, str]) -> MethodRule:
    name = f"forecast_method {row['method']}"
    return MethodRule(
        method=row["method"],
        min_points=int(_number(row["min_points"], name)),
        max_log_residual_sd=_number(row["max_log_residual_sd"], name, math.inf),
        weight=_number(row["weight"], name),
    )


def _grade(row: Mapping[str, str]) -> AccuracyGrade:
    name = f"forecast_grade {row['grade']}"
    probability, ratio = row["min_small_error_probability"], row["max_posterior_ratio"]
    return AccuracyGrade(row["grade"], _number(probability, name), _number(ratio, name))


def _scenario(row: Mapping[str, str]) -> Scenario:
    name = f"forecast_scenario {row['scenario']}"
    return Scenario(
        name=row["scenario"],
        value_added_growth_change=_number(row["value_added_growth_change"], name),
        output_per_land_growth_change=_number(row["output_per_land_growth_change"], name),
        supply_rate_factor=_number(row["supply_rate_factor"], name),
    )


def _source(row: Mapping[str, str]) -> SupplySource:
    name = f"forecast_supply_source {row['source']}"
    return SupplySource(
        source=row["source"],
        sign=int(_number(row["sign"], name)),
        realisation_rate=_number(row["realisation_rate"], name),
        industrial_share=_number(row["industrial_share"], name),
    )


def _number(cell: str, what: str, otherwise: float | None = None) -> float:
    if not cell and otherwise is not None:
        return otherwise
    try:
        return float(cell)
    except ValueError:
        raise PolicyError(f"{what}: expected a number, found {cell!r}") from None
