"""Demand for industrial land by method, scenario and year, with a stated combination and empirical intervals."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.forecast.backtest import Forecaster, Trial, half_widths, trials
from scoring.forecast.methods import Outcome, Series, run_method
from scoring.forecast.policy import ForecastPolicy, MethodRule, Scenario

Floats = NDArray[np.float64]

COMBINATION = "combination"
NONE_USED = "no_method_used"
BASE = Scenario("base", 0.0, 0.0, 1.0)  # the series as it is: what a back-test forecasts


@dataclass(frozen=True)
class Demand:
    """One method under one scenario: land in use and the demand beyond the base year's land, for each coming year.

    Hectares; all NaN with `rejected_reason` where the method must not be used, low and high NaN without enough errors.
    """

    scenario: str
    method: str
    land_ha: Floats
    demand_ha: Floats
    low_ha: Floats
    high_ha: Floats
    used: bool
    rejected_reason: str | None
    diagnostics: str


def demand(series: Series, base_year: int, policy: ForecastPolicy) -> tuple[list[Demand], dict[str, list[Trial]]]:
    """Return the demand of every scenario and method, the combination last, and each method's back-test.

    The combination is the mean of the methods that pass their test, by the policy's weights over those methods.
    """
    used = [m for m in policy.methods if run_method(series, base_year, m, BASE, policy).land_ha is not None]
    lists = {m.method: [m] for m in policy.methods} | {COMBINATION: used}
    tests = {
        name: trials(series, base_year, _forecaster(methods, policy), policy.horizon_years)
        for name, methods in lists.items()
    }
    base_land = _base_land(series, base_year)
    rows = []
    for scenario in policy.scenarios:
        outcomes = {m.method: run_method(series, base_year, m, scenario, policy) for m in policy.methods}
        outcomes[COMBINATION] = combine(series, base_year, used, scenario, policy)
        rows += [_demand(scenario.name, name, o, base_land, tests[name], policy) for name, o in outcomes.items()]
    return rows, tests


def combine(
    series: Series, base_year: int, methods: Sequence[MethodRule], scenario: Scenario, policy: ForecastPolicy
) -> Outcome:
    """Return the weighted mean of the methods that pass their test; rejected where none does."""
    outcomes = [(m, run_method(series, base_year, m, scenario, policy).land_ha) for m in methods if m.weight > 0]
    passed = [(m, land) for m, land in outcomes if land is not None]
    if not passed:
        return Outcome(None, NONE_USED)
    total = sum(m.weight for m, _ in passed)
    weights = {m.method: m.weight / total for m, _ in passed}
    return Outcome(np.sum([weights[m.method] * land for m, land in passed], axis=0), None, weights)


def _forecaster(methods: Sequence[MethodRule], policy: ForecastPolicy) -> Forecaster:
    return lambda known, origin: combine(known, origin, methods, BASE, policy)


def _finite(value: float | str | None) -> float | str | None:
    """JSON has no infinity."""
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _base_land(series: Series, base_year: int) -> float:
    found = series.land_ha[series.years == base_year]
    return float(found[0]) if len(found) else np.nan


def _demand(
    scenario: str, method: str, outcome: Outcome, base: float, past: list[Trial], policy: ForecastPolicy
) -> Demand:
    steps = policy.horizon_years
    notes = json.dumps({name: _finite(value) for name, value in outcome.diagnostics.items()}, sort_keys=True)
    if outcome.land_ha is None:
        nothing = np.full(steps, np.nan)
        return Demand(scenario, method, nothing, nothing, nothing, nothing, False, outcome.rejected_reason, notes)
    land = outcome.land_ha
    width = half_widths(past, steps, policy.interval_coverage, policy.min_backtest_errors)
    low, high = land * (1 - width) - base, land * (1 + width) - base
    return Demand(scenario, method, land, land - base, low, high, True, None, notes)
