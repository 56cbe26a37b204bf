"""Methods that forecast industrial land from a yearly series, each with a test that it can fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scoring.forecast import gm11
from scoring.forecast.policy import ForecastPolicy, MethodRule, Scenario

Floats = NDArray[np.float64]

NO_BASE = "no_value_in_base_year"
TOO_FEW = "too_few_points"
NOT_POSITIVE = "value_not_positive"
LEVEL_RATIOS = "level_ratio_outside_band"
POSTERIOR = "posterior_test_failed"
LOOSE_FIT = "log_residuals_above_limit"
NOT_USABLE = "forecast_not_positive_and_finite"
UNKNOWN = "unknown_method"


@dataclass(frozen=True)
class Series:
    """A yearly series of one district and industry, in rising years; missing is NaN, and years may be missing."""

    years: NDArray[np.int64]
    land_ha: Floats
    value_added_cny10k: Floats

    def until(self, year: int) -> Series:
        """Return what was known up to and including a year."""
        keep = self.years <= year
        return Series(self.years[keep], self.land_ha[keep], self.value_added_cny10k[keep])


@dataclass(frozen=True)
class Outcome:
    """Land in hectares for the years after the base year, or the reason why the method must not be used.

    `diagnostics` is what was estimated and tested, also where the test failed.
    """

    land_ha: Floats | None
    rejected_reason: str | None = None
    diagnostics: Mapping[str, float | str | None] = field(default_factory=dict)


def output_per_land(
    series: Series, base_year: int, rule: MethodRule, scenario: Scenario, policy: ForecastPolicy
) -> Outcome:
    """Land by output per land (地均产出法): L_t = VA_t / q_t, VA_t = VA_0 (1+g)^t, q_t = q_0 (1+h)^t.

    g and h are the slopes of log-linear least squares over the unbroken years up to the base year, plus the scenario's
    changes; the start is the base year's own value. Its test: enough points, positive values, and log residuals of
    value added and of output per land whose standard deviation keeps the rule's limit.
    """
    run = _unbroken(series, base_year, series.land_ha, series.value_added_cny10k)
    reason = _unfit(run, rule)
    if reason:
        return Outcome(None, reason)
    land, value_added = run
    g, spread_g = _growth(value_added)
    h, spread_h = _growth(value_added / land)
    found = {"points": len(land), "g": g, "h": h, "log_residual_sd": max(spread_g, spread_h)}
    if found["log_residual_sd"] > rule.max_log_residual_sd:
        return Outcome(None, LOOSE_FIT, found)
    up = 1 + g + scenario.value_added_growth_change
    per_land = 1 + h + scenario.output_per_land_growth_change
    if up <= 0 or per_land <= 0:
        return Outcome(None, NOT_USABLE, found)
    return _usable(land[-1] * (up / per_land) ** np.arange(1, policy.horizon_years + 1), found)


def grey(series: Series, base_year: int, rule: MethodRule, scenario: Scenario, policy: ForecastPolicy) -> Outcome:
    """Land by GM(1,1) on the unbroken years up to the base year; a single series has no lever for a scenario.

    Its test: enough positive points, level ratios inside the band, and an accuracy (C and P) of one of the policy's
    grades.
    """
    run = _unbroken(series, base_year, series.land_ha)
    reason = _unfit(run, rule)
    if reason:
        return Outcome(None, reason)
    ratios, band = gm11.level_ratios(run[0]), gm11.level_ratio_band(len(run[0]))
    found = {"points": len(run[0]), "level_ratio_min": float(ratios.min()), "level_ratio_max": float(ratios.max())}
    if not gm11.inside(ratios, band):
        return Outcome(None, LEVEL_RATIOS, found)
    model = gm11.fit(run[0])
    grade = model.accuracy(policy.grades)
    found |= {"a": model.a, "b": model.b, "c": model.posterior_ratio, "c_variant": model.variant}
    found |= {"p": model.small_error_probability, "grade": grade or "unqualified"}
    return Outcome(None, POSTERIOR, found) if grade is None else _usable(model.forecast(policy.horizon_years), found)


METHODS: dict[str, Callable[[Series, int, MethodRule, Scenario, ForecastPolicy], Outcome]] = {
    "output_per_land": output_per_land,
    "gm11": grey,
}


def run_method(series: Series, base_year: int, rule: MethodRule, scenario: Scenario, policy: ForecastPolicy) -> Outcome:
    """Forecast the policy's horizon by the rule's method; a method that is not known is rejected, not an error."""
    method = METHODS.get(rule.method)
    return method(series, base_year, rule, scenario, policy) if method else Outcome(None, UNKNOWN)


def _unbroken(series: Series, base_year: int, *columns: Floats) -> list[Floats]:
    """The last stretch of consecutive years in which every column has a value, if it ends in the base year."""
    there = np.all([np.isfinite(column) for column in columns], axis=0) & (series.years <= base_year)
    years, kept = series.years[there], [column[there] for column in columns]
    if not len(years) or years[-1] != base_year:
        return [column[:0] for column in columns]
    breaks = np.flatnonzero(np.diff(years) != 1)
    start = breaks[-1] + 1 if len(breaks) else 0
    return [column[start:] for column in kept]


def _unfit(run: list[Floats], rule: MethodRule) -> str | None:
    points = len(run[0])
    if not points:
        return NO_BASE
    if points < max(rule.min_points, gm11.MIN_POINTS if rule.method == "gm11" else 2):
        return TOO_FEW
    return None if all(np.all(column > 0) for column in run) else NOT_POSITIVE


def _growth(values: Floats) -> tuple[float, float]:
    """Yearly growth rate from the slope of ln(values) on time, and the population sd of the log residuals."""
    t, y = np.arange(len(values)) - (len(values) - 1) / 2, np.log(values)
    slope = float(np.sum(t * (y - y.mean())) / np.sum(t * t))
    return float(np.expm1(slope)), float(np.std(y - slope * t))


def _usable(land: Floats, found: Mapping[str, float | str | None]) -> Outcome:
    good = bool(np.all(np.isfinite(land) & (land > 0)))
    return Outcome(land, None, found) if good else Outcome(None, NOT_USABLE, found)
