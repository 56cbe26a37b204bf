"""The grey model GM(1,1) with its own tests: level ratios before the fit, accuracy (C and P) after it.

x1 = cumulative sum, z = mean of neighbours of x1, [a, b] by least squares of x0(k) = -a z(k) + b, and
x1^(k+1) = (x0(1) - b/a) e^(-ak) + b/a. Published cases are in tests/scoring/test_gm11.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_POINTS = 4  # with fewer, the two parameters leave nothing to test
ALL_POINTS, FROM_SECOND = "all_points", "from_second"
SMALL_ERROR = 0.6745  # P counts residuals within this share of the series' standard deviation: part of P's definition


@dataclass(frozen=True)
class AccuracyGrade:
    """A published accuracy grade: reached with P above and C below these limits."""

    name: str
    min_small_error_probability: float
    max_posterior_ratio: float


@dataclass(frozen=True)
class Grey:
    """A fitted GM(1,1) of n points.

    `posterior_ratio` is C = sd(residuals) / sd(series) with population sd of signed residuals over the points that
    `variant` names (`all_points` counts the exact first point, `from_second` does not); `small_error_probability` is P
    over the same points.
    """

    a: float
    b: float
    first: float
    fitted: Floats
    level_ratios: Floats
    band: tuple[float, float]
    posterior_ratio: float
    small_error_probability: float
    mape: float
    variant: str

    @property
    def level_ratios_pass(self) -> bool:
        """Whether every level ratio lies inside the band."""
        return inside(self.level_ratios, self.band)

    def accuracy(self, grades: Sequence[AccuracyGrade]) -> str | None:
        """Return the first of the grades, best first, whose limits P and C keep; None: unqualified."""
        c, p = self.posterior_ratio, self.small_error_probability
        reached = (g.name for g in grades if p > g.min_small_error_probability and c < g.max_posterior_ratio)
        return next(reached, None)

    def forecast(self, steps: int) -> Floats:
        """Return the next `steps` values in the unit of the series."""
        n = len(self.fitted)
        return restored(self.a, self.b, self.first, n + steps)[n:]


def level_ratios(series: Floats) -> Floats:
    """Return x(k-1) / x(k) for k = 2 … n."""
    return series[:-1] / series[1:]


def level_ratio_band(points: int) -> tuple[float, float]:
    """Return the open band e^(-2/(n+1)) … e^(2/(n+1)) that level ratios must lie in."""
    return math.exp(-2 / (points + 1)), math.exp(2 / (points + 1))


def inside(ratios: Floats, band: tuple[float, float]) -> bool:
    """Return whether every level ratio lies inside the open band."""
    return bool(np.all((ratios > band[0]) & (ratios < band[1])))


def fit(series: Floats, variant: str = ALL_POINTS) -> Grey:
    """Fit GM(1,1) to at least four positive values in time order.

    Raises ValueError for fewer points, values that are not above 0 or not finite, or an unknown variant of C.
    """
    x = np.asarray(series, dtype=float)
    if len(x) < MIN_POINTS:
        raise ValueError(f"GM(1,1) needs {MIN_POINTS} points, found {len(x)}")
    if not np.all(np.isfinite(x) & (x > 0)):
        raise ValueError("GM(1,1) needs positive finite values")
    if variant not in (ALL_POINTS, FROM_SECOND):
        raise ValueError(f"unknown variant {variant!r}; known: {ALL_POINTS}, {FROM_SECOND}")
    a, b = _parameters(x)
    fitted = restored(a, b, float(x[0]), len(x))
    start = 0 if variant == ALL_POINTS else 1
    return Grey(
        a=a,
        b=b,
        first=float(x[0]),
        fitted=fitted,
        level_ratios=level_ratios(x),
        band=level_ratio_band(len(x)),
        posterior_ratio=posterior_ratio(x, fitted, start),
        small_error_probability=small_error_probability(x, fitted, start),
        mape=float(np.mean(np.abs(x[1:] - fitted[1:]) / x[1:])),
        variant=variant,
    )


def restored(a: float, b: float, first: float, points: int) -> Floats:
    """Return the model's series of that many points; the first is exact.

    x0^(k+1) = (x0(1) - b/a) (1 - e^a) e^(-ak), multiplied out so that a growth rate near 0 stays accurate.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        rate = float(np.expm1(a))
        scale = b * (rate / a if a else 1.0) - first * rate
        return np.concatenate([[first], scale * np.exp(-a * np.arange(1, points))])


def posterior_ratio(series: Floats, fitted: Floats, start: int = 0) -> float:
    """Return C = S2 / S1: population sd of the residuals from `start` on, over that of the whole series.

    A series without variation has C = 0 when it is met to rounding, else infinity.
    """
    spread, error = float(np.std(series)), float(np.std((series - fitted)[start:]))
    rounding = 1e-9 * float(np.max(np.abs(series)))
    if spread <= rounding:
        return 0.0 if error <= rounding else math.inf
    return error / spread


def small_error_probability(series: Floats, fitted: Floats, start: int = 0) -> float:
    """Return P: the share of residuals from `start` on that lie within 0.6745 sd of the series around their mean."""
    residual = (series - fitted)[start:]
    limit = SMALL_ERROR * float(np.std(series)) + 1e-9 * float(np.max(np.abs(series)))
    return float(np.mean(np.abs(residual - residual.mean()) < limit))


def _parameters(x: Floats) -> tuple[float, float]:
    """Least squares of x0(k) = -a z(k) + b in centred form; z rises, since the values are positive."""
    x1 = np.cumsum(x)
    z, y = (x1[1:] + x1[:-1]) / 2, x[1:]
    dz = z - z.mean()
    a = -float(np.sum(dz * (y - y.mean())) / np.sum(dz * dz))
    return a, float(y.mean() + a * z.mean())
