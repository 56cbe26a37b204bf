"""The combination of methods by what the back-test has shown of them, at every origin as it would have been used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring.forecast.backtest import BackTest
from scoring.forecast.rules import ActivityRules

Floats = NDArray[np.float64]

COMBINATION = "combination"
BASELINE = "naive"


def origin_weights(test: BackTest, errors: Floats, rules: ActivityRules) -> Floats:
    """Return the pooled weights (T, M) that each origin would have used: only errors known then count.

    Proportional to 1 / MASE², relative to naive on the same trials, over the series of the panel; 0 where a method is
    worse than naive; shrunk to equal weights where there are few trials, and equal below the least number of them.
    `errors` as BackTest.errors.
    """
    own, naive, trials = _pooled(test, errors)
    years, steps = own.shape[1:]
    done = np.arange(years)[:, None] + np.arange(1, steps + 1)
    result = np.empty((years, len(test.methods)))
    for origin in range(years):
        known = done <= origin
        sums = (part[:, known].sum(axis=1) for part in (own, naive, trials))
        result[origin] = _weights(*sums, rules)
    return result


def _pooled(test: BackTest, errors: Floats) -> tuple[Floats, Floats, Floats]:
    """Sums over series (M, T, H) of a method's errors, of naive's in the same trials, and their number."""
    baseline = errors[test.methods.index(BASELINE)]
    both = np.isfinite(errors) & np.isfinite(baseline)
    own = np.where(both, errors, 0.0).sum(axis=2)
    naive = np.where(both, baseline, 0.0).sum(axis=2)
    return own, naive, both.sum(axis=2).astype(float)


def _weights(own: Floats, naive: Floats, trials: Floats, rules: ActivityRules) -> Floats:
    few = trials < rules.min_scores
    ratio = np.where(few | (naive <= 0), 1.0, own / np.where(naive > 0, naive, 1.0))
    good = ratio <= 1
    shown = np.where(good, 1 / np.maximum(ratio, 1e-3) ** 2, 0.0)
    share = trials / np.maximum(trials + rules.shrink_trials, 1.0)
    mixed = share * shown / shown.sum() + (1 - share) * good / good.sum()
    return mixed / mixed.sum()


def series_weights(weights: Floats, passed: NDArray[np.bool_]) -> Floats:
    """Return the weights (M, n) of the methods that pass (M, n) for a series, with sum 1; 0 where none does."""
    each = weights[:, None] * passed
    total = each.sum(axis=0)
    return each / np.where(total > 0, total, 1.0)


def combine(values: Floats, weights: Floats) -> Floats:
    """Return the weighted mean (n, H) of forecasts (M, n, H) by weights (M, n) with sum 1; NaN where they are all 0."""
    total = np.zeros(values.shape[1:])
    for value, weight in zip(values, weights, strict=True):
        total += np.where(weight[:, None] > 0, value, 0.0) * weight[:, None]
    return np.where((weights.sum(axis=0) > 0)[:, None], total, np.nan)


def combined(test: BackTest, weights: Floats) -> Floats:
    """Return the combination (T, n, H) at every origin by that origin's weights (T, M)."""
    result = np.full(test.actual.shape, np.nan)
    for origin, weight in enumerate(weights[:-1]):
        values = test.forecast[:, origin]
        result[origin] = combine(values, series_weights(weight, np.isfinite(values[:, :, 0])))
    return result
