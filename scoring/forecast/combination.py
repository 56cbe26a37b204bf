"""The combination of methods by what the back-test has shown of them, at every origin as it would have been used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring.forecast.backtest import BackTest
from scoring.forecast.rules import ActivityRules

Floats = NDArray[np.float64]

COMBINATION = "combination"
BASELINE = "naive"


def origin_weights(test: BackTest, errors: Floats, start: Floats, rules: ActivityRules) -> Floats:
    """Return the pooled weights (T, M, H) that each origin would have used: only errors known then count.

    By horizon, from `start` (M,), policy's weights before anything is known: proportional to 1 / MASE², relative to
    naive on the same trials, over the series of the panel; shrunk to the weights of the horizon before where few
    origins are known, for the series of a city move together; 0 where a method is worse than naive.
    `errors` as BackTest.errors.
    """
    pooled = _pooled(test, errors)
    years, steps = pooled[0].shape[1:]
    result = np.empty((years, len(test.methods), steps))
    for origin in range(years):
        weights = start / (start.sum() or 1.0)
        for step in range(steps):
            known = slice(0, max(origin - step, 0))
            weights = _weights(*(part[:, known, step] for part in pooled), weights, rules)
            result[origin, :, step] = weights
    return result


def _pooled(test: BackTest, errors: Floats) -> tuple[Floats, Floats, Floats]:
    """Sums over series (M, T, H) of a method's errors, of naive's in the same trials, and their number."""
    baseline = errors[test.methods.index(BASELINE)]
    both = np.isfinite(errors) & np.isfinite(baseline)
    own = np.where(both, errors, 0.0).sum(axis=2)
    naive = np.where(both, baseline, 0.0).sum(axis=2)
    return own, naive, both.sum(axis=2).astype(float)


def _weights(own: Floats, naive: Floats, trials: Floats, before: Floats, rules: ActivityRules) -> Floats:
    """Weights (M,) from sums (M, origins) of what is known at a horizon, and the weights of the horizon before."""
    known = (trials.sum(axis=1) >= rules.min_scores) & (naive.sum(axis=1) > 0)
    ratio = np.where(known, own.sum(axis=1) / np.where(known, naive.sum(axis=1), 1.0), np.inf)
    good = ratio <= 1
    if not good.any():
        return before
    shown = np.where(good, 1 / np.maximum(ratio, 1e-3) ** 2, 0.0)
    origins = (trials > 0).sum(axis=1)
    share = np.where(known, origins / np.maximum(origins + rules.shrink_origins, 1.0), 0.0)
    mixed = share * shown / shown.sum()
    rest = np.where(known & ~good, 0.0, before)
    rest = rest if rest.sum() > 0 else shown
    mixed += (1 - mixed.sum()) * rest / rest.sum()
    return mixed / mixed.sum()


def series_weights(weights: Floats, passed: NDArray[np.bool_]) -> Floats:
    """Return the weights (M, n, H) of the methods that pass (M, n) for a series, with sum 1; 0 where none does."""
    each = weights[:, None] * passed[:, :, None]
    total = each.sum(axis=0)
    return each / np.where(total > 0, total, 1.0)


def combine(values: Floats, weights: Floats, passed: NDArray[np.bool_]) -> Floats:
    """Return the weighted mean (n, H) of forecasts (M, n, H) by weights (M, H) over the methods that pass (M, n).

    NaN where none of them has a weight.
    """
    total = np.zeros(values.shape[1:])
    for value, weight, there in zip(values, weights, passed, strict=True):
        if weight.any():
            total += np.where(there[:, None], value, 0.0) * weight
    sums = passed.T.astype(float) @ weights
    return np.where(sums > 0, total / np.where(sums > 0, sums, 1.0), np.nan)


def combined(test: BackTest, weights: Floats) -> Floats:
    """Return the combination (T, n, H) at every origin by that origin's weights (T, M, H)."""
    result = np.full(test.actual.shape, np.nan)
    for origin, weight in enumerate(weights[:-1]):
        values = test.forecast[:, origin]
        result[origin] = combine(values, weight, np.isfinite(values[:, :, 0]))
    return result
