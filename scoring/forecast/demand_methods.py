"""Methods of demand for land: land in use in the coming years from activity, for all units at once.

Every method returns land in hectares (n, steps) and, where it must not be used, the reason (n,). Formulas: output per
land L = A / q; elasticity L_t = L_(t-1) (1 + E g); quota L = L_0 + k (A_t - A_0); regression of land on activity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.forecast.land_policy import MethodRule, Scenario
from scoring.forecast.methods.base import run_lengths

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

LAND, VALUE_ADDED, OUTPUT, WORKERS = "industrial_land_ha", "value_added_cny10k", "output_cny10k", "employees"
NO_LAND, NO_ACTIVITY, NO_FORECAST = "land_missing", "activity_missing", "activity_not_forecast"
TOO_FEW, NOT_POSITIVE, LOOSE = "too_few_points", "value_not_positive", "log_residuals_above_limit"
FLAT, NO_QUOTA, NO_IDEAL = "activity_without_change", "no_quota", "no_ideal_value"
ABOVE, NOT_USABLE = "above_limit", "forecast_out_of_range"
QUOTA, IDEAL = "quota_ha_per_cny100m_output", "ideal_value_added_cny10k_per_ha"
KINDS = (QUOTA, IDEAL)
_MOST_HA = 1e12  # more than the earth has: exact sums of the warehouse hold 22 digits
_LEAST_GROWTH = 0.002  # a year, of activity: less says nothing about the land that growth needs


@dataclass(frozen=True)
class Ground:
    """What is known of n units in an origin year, the last column, and how their activity goes on from there.

    past: by measure (n, T) with NaN; ahead: by measure of activity (n, steps), as forecast in that year; own: by method
    the land that methods of a single series forecast (n, steps), and its reason (n,); quotas: by kind (n,).
    """

    past: Mapping[str, Floats]
    ahead: Mapping[str, Floats]
    own: Mapping[str, tuple[Floats, Texts]]
    quotas: Mapping[str, Floats]
    fit_years: int
    ideal_years: float

    @property
    def land(self) -> Floats:
        """Land in use in the origin year (n,)."""
        return self.past[LAND][:, -1]


@dataclass(frozen=True)
class Land:
    """Land in use (n, steps), NaN where `reason` (n,) says why the method must not be used, else None."""

    values: Floats
    reason: Texts


def by_method(ground: Ground, scenario: Scenario, rules: tuple[MethodRule, ...]) -> dict[str, Land]:
    """Return what each method forecasts under a scenario; what belongs to no unit with land says so."""
    result = {}
    for rule in rules:
        with np.errstate(all="ignore"):  # what is not finite in the end is rejected
            found = METHODS[rule.method](ground, scenario, rule)
        missing = ~np.isfinite(ground.land)
        endless = ~(found.values < _MOST_HA).all(axis=1)
        reason = _first((NO_LAND, missing), (found.reason, None), (NOT_USABLE, endless))
        keep = np.equal(reason, None)
        result[rule.method] = Land(np.where(keep[:, None], np.maximum(found.values, 0.0), np.nan), reason)
    return result


def output_per_land(ground: Ground, scenario: Scenario, rule: MethodRule) -> Land:
    """L_t = A_t / q_t: value added by its forecast, output per land by its own trend, both as the scenario changes."""
    fit = _fit(ground, VALUE_ADDED)
    growth, spread = _trend(fit.mask, np.log(fit.activity / fit.land))
    steps = ground.ahead[VALUE_ADDED].shape[1]
    per_land = np.cumprod(np.exp(growth)[:, None] + _lift(scenario, steps), axis=1)
    values = ground.land[:, None] * _path(ground, VALUE_ADDED, scenario) / per_land
    tests = ((LOOSE, spread > rule.limit), (NOT_USABLE, (per_land <= 0).any(axis=1)))
    return Land(values, _first(*_unfit(ground, fit, rule), *tests))


def towards_ideal(ground: Ground, scenario: Scenario, rule: MethodRule) -> Land:
    """L_t = A_t / q_t with output per land rising to the policy's ideal value; one that is better stays as it is."""
    fit = _fit(ground, VALUE_ADDED)
    now = ground.past[VALUE_ADDED][:, -1] / ground.land
    steps = ground.ahead[VALUE_ADDED].shape[1]
    share = np.minimum(np.arange(1, steps + 1) / ground.ideal_years, 1.0)
    ideal = ground.quotas[IDEAL]
    per_land = np.maximum(ideal / now, 1.0)[:, None] ** share * np.cumprod(1 + _lift(scenario, steps))
    values = ground.land[:, None] * _path(ground, VALUE_ADDED, scenario) / per_land
    return Land(values, _first((NO_IDEAL, ~(ideal > 0)), *_unfit(ground, fit, rule)))


def elasticity(ground: Ground, scenario: Scenario, rule: MethodRule) -> Land:
    """Ratio of the growth rates of land and value added over the run, compound."""
    fit = _fit(ground, VALUE_ADDED)
    land_growth, _ = _trend(fit.mask, np.log(fit.land))
    growth, _ = _trend(fit.mask, np.log(fit.activity))
    flat = np.abs(growth) < _LEAST_GROWTH
    ratio = land_growth / np.where(flat, 1.0, growth)
    path = _path(ground, VALUE_ADDED, scenario)
    yearly = path / np.concatenate([np.ones((len(path), 1)), path[:, :-1]], axis=1) - 1
    lifted = 1 + _lift(scenario, path.shape[1])
    values = ground.land[:, None] * np.cumprod(np.maximum(1 + ratio[:, None] * yearly, 0) / lifted, axis=1)
    return Land(values, _first(*_unfit(ground, fit, rule), (FLAT, flat), (ABOVE, np.abs(ratio) > rule.limit)))


def quota(ground: Ground, scenario: Scenario, rule: MethodRule) -> Land:
    """The base year's land and the industry's quota for each unit of output that is added to the base year's."""
    per_output = ground.quotas[QUOTA]
    now = ground.past[OUTPUT][:, -1]
    added = now[:, None] * (_path(ground, OUTPUT, scenario) - 1) / 1e4  # 亿元
    values = ground.land[:, None] + per_output[:, None] * added
    return Land(values, _first((NO_QUOTA, ~(per_output >= 0)), *_unfit(ground, _fit(ground, OUTPUT), rule)))


def land_per_worker(ground: Ground, scenario: Scenario, rule: MethodRule) -> Land:
    """The base year's land per worker, for the workers of each year."""
    values = ground.land[:, None] * _path(ground, WORKERS, scenario)
    return Land(values, _first(*_unfit(ground, _fit(ground, WORKERS), rule)))


def regression(ground: Ground, scenario: Scenario, rule: MethodRule) -> Land:
    """Least-squares line of land on value added, from the base year's land; R² must reach the rule's limit."""
    fit = _fit(ground, VALUE_ADDED)
    x, y = (_centred(fit.mask, v) for v in (fit.activity, fit.land))
    xx, yy, xy = np.sum(x * x, axis=1), np.sum(y * y, axis=1), np.sum(x * y, axis=1)
    flat = xx <= (_LEAST_GROWTH * np.abs(fit.activity).max(axis=1)) ** 2
    slope = xy / np.where(flat, 1.0, xx)
    explained = xy * slope / np.where(yy > 0, yy, 1.0)
    now = ground.past[VALUE_ADDED][:, -1]
    values = ground.land[:, None] + (slope * now)[:, None] * (_path(ground, VALUE_ADDED, scenario) - 1)
    loose = (yy > 0) & (explained < rule.limit)
    return Land(values, _first(*_unfit(ground, fit, rule), (FLAT, flat), ("r2_below_limit", loose)))


def _own(method: str) -> Callable[[Ground, Scenario, MethodRule], Land]:
    """A method of the land series itself, which has no lever for a scenario."""
    return lambda ground, scenario, rule: Land(*ground.own[method])


METHODS: dict[str, Callable[[Ground, Scenario, MethodRule], Land]] = {
    "output_per_land": output_per_land,
    "towards_ideal": towards_ideal,
    "elasticity": elasticity,
    "quota": quota,
    "land_per_worker": land_per_worker,
    "regression": regression,
    "gm11": _own("gm11"),
    "naive": _own("naive"),
}
OWN = ("gm11", "naive")


@dataclass(frozen=True)
class _Fit:
    """The unbroken years up to the origin in which land and activity are known; 1 outside them."""

    mask: NDArray[np.bool_]
    land: Floats
    activity: Floats
    positive: NDArray[np.bool_]


def _fit(ground: Ground, measure: str) -> _Fit:
    land, activity = ground.past[LAND], ground.past[measure]
    both = np.where(np.isfinite(land) & np.isfinite(activity), 1.0, np.nan)
    years = land.shape[1]
    mask = np.arange(years) >= years - run_lengths(both, ground.fit_years)[-1][:, None]
    positive = ((land > 0) & (activity > 0) | ~mask).all(axis=1)
    good = mask & positive[:, None]
    return _Fit(mask, np.where(good, land, 1.0), np.where(good, activity, 1.0), positive)


def _unfit(ground: Ground, fit: _Fit, rule: MethodRule) -> list[tuple[str, NDArray[np.bool_]]]:
    measure = {"quota": OUTPUT, "land_per_worker": WORKERS}.get(rule.method, VALUE_ADDED)
    points = fit.mask.sum(axis=1)
    return [
        (NO_ACTIVITY, ~np.isfinite(ground.past[measure][:, -1])),
        (TOO_FEW, points < rule.min_points),
        (NOT_POSITIVE, ~fit.positive),
        (NO_FORECAST, ~np.isfinite(ground.ahead[measure]).all(axis=1)),
    ]


def _path(ground: Ground, measure: str, scenario: Scenario) -> Floats:
    """Activity as a multiple of the origin's (n, steps), its yearly growth changed by the scenario; never below 0."""
    ahead = ground.ahead[measure]
    path = np.maximum(ahead / ground.past[measure][:, -1:], 0.0)
    return path * np.maximum(1 + scenario.activity_growth_change, 0.0) ** np.arange(1, ahead.shape[1] + 1)


def _lift(scenario: Scenario, steps: int) -> Floats:
    """What the scenario adds to the yearly growth of output per land (steps,), R&D-led upgrading once it works."""
    works = np.arange(1, steps + 1) > scenario.upgrade_after_years
    return scenario.output_per_land_growth_change + scenario.upgrade_rate * works


def _centred(mask: NDArray[np.bool_], values: Floats) -> Floats:
    points = np.maximum(mask.sum(axis=1), 1)
    mean = np.sum(np.where(mask, values, 0.0), axis=1) / points
    return np.where(mask, values - mean[:, None], 0.0)


def _trend(mask: NDArray[np.bool_], values: Floats) -> tuple[Floats, Floats]:
    """Slope on the years and population sd of the residuals (n,), over the masked years."""
    years = np.broadcast_to(np.arange(mask.shape[1], dtype=float), mask.shape)
    t, y = _centred(mask, years), _centred(mask, values)
    slope = np.sum(t * y, axis=1) / np.maximum(np.sum(t * t, axis=1), 1e-12)
    rest = y - slope[:, None] * t
    return slope, np.sqrt(np.sum(rest * rest, axis=1) / np.maximum(mask.sum(axis=1), 1))


def _first(*tests: tuple[str | Texts, NDArray[np.bool_] | None]) -> Texts:
    """The first reason that holds for each unit; a test without a mask is reasons already found."""
    size = next(len(mask) for _, mask in tests if mask is not None)
    result = np.full(size, None, dtype=object)
    for reason, failed in tests:
        open_ = np.equal(result, None)
        result = np.where(open_, reason if failed is None else np.where(failed, reason, None), result)
    return result
