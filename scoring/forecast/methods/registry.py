"""The methods by name, and how one is run on series whose runs differ in length."""

from __future__ import annotations

import numpy as np

from scoring.forecast import gm11
from scoring.forecast.methods import driven, own
from scoring.forecast.methods.base import (
    NO_BASE,
    NOT_USABLE,
    TOO_FEW,
    Floats,
    Forecast,
    Ints,
    Limits,
    Method,
    reason_code,
    tested,
)

METHODS = {
    "naive": Method("持平", own.naive, 1),
    "drift": Method("平均增量", own.drift, 2),
    "trend": Method("线性趋势", own.trend, 3),
    "log_linear": Method("对数线性趋势", own.log_linear, 3),
    "damped_holt": Method("阻尼趋势指数平滑", own.damped_holt, 4),
    "gm11": Method("灰色GM(1,1)", own.grey, gm11.MIN_POINTS),
    "regression": Method("驱动因素回归", driven.regression, 4, takes_driver=True),
    "elasticity": Method("弹性系数法", driven.elasticity, 4, takes_driver=True),
}
BASELINES = ("naive", "drift")
LARGEST = 1e18  # the input contract ends at 1e15: what is a thousand times that is no forecast


def forecast(
    name: str, values: Floats, lengths: Ints, steps: int, limits: Limits, driver: Floats | None = None
) -> Forecast:
    """Forecast the `steps` years after the last column of values (n, T) from the last `lengths` (n,) of them.

    The series of one length are worked on together. A forecast below 0 of a run without a negative value, or one that
    is not finite or beyond LARGEST, is rejected. Raises KeyError for a method that is not in METHODS.
    """
    method = METHODS[name]
    result = np.full((len(values), steps), np.nan)
    reason = np.where(lengths == 0, reason_code(NO_BASE), reason_code(TOO_FEW))
    for length in np.unique(lengths[lengths >= max(limits.min_points, method.fewest)]):
        rows = np.flatnonzero(lengths == length)
        x = values[rows, -length:]
        d = driver[rows, -length:] if driver is not None and method.takes_driver else None
        with np.errstate(all="ignore"):  # what is not finite in the end is rejected
            found = _usable(x, method.core(x, d, steps, limits))
        result[rows], reason[rows] = found.values, found.reason
    return Forecast(result, reason)


def _usable(x: Floats, found: Forecast) -> Forecast:
    passed = found.reason == 0
    below = (x.min(axis=1) >= 0) & (np.where(passed[:, None], found.values, 0.0) < 0).any(axis=1)
    endless = passed & ~(np.abs(found.values) < LARGEST).all(axis=1)
    checked = tested(found.values, ((NOT_USABLE, below | endless),))
    return Forecast(np.where(passed[:, None], checked.values, np.nan), np.where(passed, checked.reason, found.reason))
