"""The grey model GM(1,1) of many series at once, with its own tests: level ratios before, accuracy (C and P) after.

x1 = cumulative sum, z = mean of neighbours of x1, [a, b] by least squares of x0(k) = -a z(k) + b, and
x1^(k+1) = (x0(1) - b/a) e^(-ak) + b/a. Published cases are in tests/scoring/test_gm11.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MIN_POINTS = 4  # with fewer, the two parameters leave nothing to test
ALL_POINTS, FROM_SECOND = "all_points", "from_second"
SMALL_ERROR = 0.6745  # P counts residuals within this share of the series' standard deviation: part of P's definition
UNQUALIFIED = -1


@dataclass(frozen=True)
class AccuracyGrade:
    """A published accuracy grade: reached with P above and C below these limits."""

    name: str
    min_small_error_probability: float
    max_posterior_ratio: float


@dataclass(frozen=True)
class Grey:
    """Fitted GM(1,1) of n series of m points each; arrays (n,) but `fitted` (n, m) and `level_ratios` (n, m - 1).

    `posterior_ratio` is C = sd(residuals) / sd(series) with population sd of signed residuals over the points that
    `variant` names (`all_points` counts the exact first point, `from_second` does not); `small_error_probability` is P
    over the same points.
    """

    a: Floats
    b: Floats
    first: Floats
    fitted: Floats
    level_ratios: Floats
    band: tuple[float, float]
    posterior_ratio: Floats
    small_error_probability: Floats
    mape: Floats
    variant: str

    @property
    def level_ratios_pass(self) -> Bools:
        """Whether every level ratio of a series lies inside the band."""
        return inside(self.level_ratios, self.band)

    def accuracy(self, grades: Sequence[AccuracyGrade]) -> Ints:
        """Return the place of the first of the grades, best first, whose limits P and C keep; UNQUALIFIED: none."""
        c, p = self.posterior_ratio, self.small_error_probability
        place = np.full(len(c), UNQUALIFIED)
        for number, grade in reversed(list(enumerate(grades))):
            reached = (p > grade.min_small_error_probability) & (c < grade.max_posterior_ratio)
            place = np.where(reached, number, place)
        return place

    def forecast(self, steps: int) -> Floats:
        """Return the next `steps` values (n, steps) in the unit of the series."""
        points = self.fitted.shape[1]
        return restored(self.a, self.b, self.first, np.arange(points, points + steps))


def level_ratios(series: Floats) -> Floats:
    """Return x(k-1) / x(k) for k = 2 … m: (n, m - 1)."""
    return series[:, :-1] / series[:, 1:]


def level_ratio_band(points: int) -> tuple[float, float]:
    """Return the open band e^(-2/(m+1)) … e^(2/(m+1)) that level ratios must lie in."""
    return float(np.exp(-2 / (points + 1))), float(np.exp(2 / (points + 1)))


def inside(ratios: Floats, band: tuple[float, float]) -> Bools:
    """Return (n,) whether every level ratio of a series lies inside the open band."""
    return ((ratios > band[0]) & (ratios < band[1])).all(axis=1)


def fit(series: Floats, variant: str = ALL_POINTS) -> Grey:
    """Fit GM(1,1) to each row (n, m) of at least four positive values in time order.

    Raises ValueError for fewer points, values that are not above 0 or not finite, or an unknown variant of C.
    """
    x = np.asarray(series, dtype=float)
    if x.ndim != 2 or x.shape[1] < MIN_POINTS:
        raise ValueError(f"GM(1,1) needs {MIN_POINTS} points, found {x.shape[-1]}")
    if not np.all(np.isfinite(x) & (x > 0)):
        raise ValueError("GM(1,1) needs positive finite values")
    if variant not in (ALL_POINTS, FROM_SECOND):
        raise ValueError(f"unknown variant {variant!r}; known: {ALL_POINTS}, {FROM_SECOND}")
    a, b = _parameters(x)
    points = x.shape[1]
    fitted = np.hstack([x[:, :1], restored(a, b, x[:, 0], np.arange(1, points))])
    start = 0 if variant == ALL_POINTS else 1
    ratio, probability = _accuracy(x, fitted, start)
    return Grey(
        a=a,
        b=b,
        first=x[:, 0],
        fitted=fitted,
        level_ratios=level_ratios(x),
        band=level_ratio_band(points),
        posterior_ratio=ratio,
        small_error_probability=probability,
        mape=np.mean(np.abs(x[:, 1:] - fitted[:, 1:]) / x[:, 1:], axis=1),
        variant=variant,
    )


def restored(a: Floats, b: Floats, first: Floats, places: Ints) -> Floats:
    """Return the model's values (n, len(places)) at places k = 1, 2, … after the first point.

    x0^(k+1) = (x0(1) - b/a) (1 - e^a) e^(-ak), multiplied out so that a growth rate near 0 stays accurate.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        rate = np.expm1(a)
        scale = b * np.where(a == 0, 1.0, rate / a) - first * rate
        return scale[:, None] * np.exp(-a[:, None] * places)


def _parameters(x: Floats) -> tuple[Floats, Floats]:
    """Least squares of x0(k) = -a z(k) + b in centred form; z rises, since the values are positive."""
    x1 = np.cumsum(x, axis=1)
    z, y = (x1[:, 1:] + x1[:, :-1]) / 2, x[:, 1:]
    middle, mean = z.mean(axis=1), y.mean(axis=1)
    dz = z - middle[:, None]
    a = -np.einsum("ij,ij->i", dz, y - mean[:, None]) / np.einsum("ij,ij->i", dz, dz)
    return a, mean + a * middle


def _accuracy(x: Floats, fitted: Floats, start: int) -> tuple[Floats, Floats]:
    """Return C = S2 / S1 and P: the share of residuals within 0.6745 S1 of their mean.

    A series without variation has C = 0 when it is met to rounding, else infinity.
    """
    residual = (x - fitted)[:, start:]
    size = 1e-9 * np.max(np.abs(x), axis=1)
    spread, error = np.std(x, axis=1), np.std(residual, axis=1)
    flat = spread <= size
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(flat, np.where(error <= size, 0.0, np.inf), error / spread)
    limit = SMALL_ERROR * spread + size
    small = np.abs(residual - residual.mean(axis=1)[:, None]) < limit[:, None]
    return ratio, small.mean(axis=1)
