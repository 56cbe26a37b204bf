"""Methods that see nothing but the series: baselines, trends, damped Holt and the grey model.

Every function takes x (k, m) without a gap and returns the next steps (k, steps); a method is rejected row by row.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from scoring.forecast import gm11
from scoring.forecast.methods.base import (
    LEVEL_RATIOS,
    LOOSE_FIT,
    NOT_POSITIVE,
    POSTERIOR,
    Floats,
    Forecast,
    Limits,
    tested,
)

# level, trend and damping of damped Holt: coarse on purpose, since 5 to 25 points tell no finer
HOLT = tuple(product((0.3, 0.6, 0.9), (0.1, 0.3, 0.6), (0.8, 0.9, 0.98)))


def naive(x: Floats, _driver: Floats | None, steps: int, _limits: Limits) -> Forecast:
    """The last value goes on."""
    return tested(np.repeat(x[:, -1:], steps, axis=1), ())


def drift(x: Floats, _driver: Floats | None, steps: int, _limits: Limits) -> Forecast:
    """The last value and the mean yearly change."""
    change = (x[:, -1] - x[:, 0]) / (x.shape[1] - 1)
    return tested(x[:, -1:] + change[:, None] * np.arange(1, steps + 1), ())


def trend(x: Floats, _driver: Floats | None, steps: int, _limits: Limits) -> Forecast:
    """The least-squares line on the years."""
    mean, slope, ahead = _line(x, steps)
    return tested(mean[:, None] + slope[:, None] * ahead, ())


def log_linear(x: Floats, _driver: Floats | None, steps: int, limits: Limits) -> Forecast:
    """The growth rate of the least-squares line of logarithms, from the last value.

    Its test: positive values, and log residuals with a standard deviation within the limit.
    """
    positive = (x > 0).all(axis=1)
    y = np.log(np.where(positive[:, None], x, 1.0))
    mean, slope, _ = _line(y, steps)
    t = _centred(x.shape[1])
    loose = np.std(y - mean[:, None] - slope[:, None] * t, axis=1) > limits.max_log_residual_sd
    values = x[:, -1:] * np.exp(slope[:, None] * np.arange(1, steps + 1))
    return tested(values, ((NOT_POSITIVE, ~positive), (LOOSE_FIT, loose)))


def damped_holt(x: Floats, _driver: Floats | None, steps: int, _limits: Limits) -> Forecast:
    """Level and damped trend by exponential smoothing; of a fixed grid the parameters with the least squared error."""
    alpha, beta, phi = (np.array(p)[:, None] for p in zip(*HOLT, strict=True))
    level = np.repeat(x[None, :, 0], len(HOLT), axis=0)
    slope = np.repeat(((x[:, -1] - x[:, 0]) / (x.shape[1] - 1))[None], len(HOLT), axis=0)
    cost = np.zeros_like(level)
    for value in x.T[1:]:
        ahead = level + phi * slope
        error = value - ahead
        cost += error * error
        level = ahead + alpha * error
        slope = phi * slope + alpha * beta * error
    best, rows = np.argmin(cost, axis=0), np.arange(len(x))
    damping = np.cumsum(phi[best] ** np.arange(1, steps + 1), axis=1)
    return tested(level[best, rows][:, None] + slope[best, rows][:, None] * damping, ())


def grey(x: Floats, _driver: Floats | None, steps: int, limits: Limits) -> Forecast:
    """GM(1,1); its test: positive values, level ratios inside the band, and an accuracy that is graded."""
    positive = (x > 0).all(axis=1)
    usable = np.where(positive[:, None], x, 1.0)
    model = gm11.fit(usable)
    ungraded = model.accuracy(limits.grades) == gm11.UNQUALIFIED
    tests = ((NOT_POSITIVE, ~positive), (LEVEL_RATIOS, ~model.level_ratios_pass), (POSTERIOR, ungraded))
    return tested(model.forecast(steps), tests)


def _centred(points: int) -> Floats:
    return np.arange(points) - (points - 1) / 2


def _line(y: Floats, steps: int) -> tuple[Floats, Floats, Floats]:
    """Mean and slope (k,) of the least-squares line, and the coming years in its time."""
    t = _centred(y.shape[1])
    mean = y.mean(axis=1)
    return mean, (y - mean[:, None]) @ t / (t @ t), t[-1] + np.arange(1, steps + 1)
