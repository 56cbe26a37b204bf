"""Standardisation of indicator values against ideal values (理想值): arrays in, ratios out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

POSITIVE, NEGATIVE = "positive", "negative"


def target_ratio(value: Floats, ideal: Floats, direction: str) -> Floats:
    """Return a/t where more is better and t/a where less is better (TD/T 1018 style); no bounds applied.

    `value` and `ideal` have the same shape and the indicator's unit; the result is a fraction. A missing value or
    ideal value stays NaN. Less than or equal to 0 of what should be small is as good as can be: +inf, which a cap
    makes finite. Raises ValueError for another direction or an ideal value that is not above 0.
    """
    _check(ideal, direction)
    if direction == POSITIVE:
        return value / ideal
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = ideal / value
    return np.where((value <= 0) & ~np.isnan(ideal), np.inf, ratio)


def reverse_linear(value: Floats, ideal: Floats, direction: str = NEGATIVE) -> Floats:
    """Return (2 - a/t) / 2: 1 at zero, one half at the reference t, 0 at twice the reference.

    The item of a published pollutant rule, (2 - x/mean) x 2 of 4 points. Only for what should be small.
    """
    _check(ideal, direction)
    if direction != NEGATIVE:
        raise ValueError(f"reverse_linear is for negative indicators, not {direction!r}")
    return (2.0 - value / ideal) / 2.0


def limit(value: Floats, ideal: Floats, direction: str) -> Floats:
    """Return 1 where the limit is met (at least, or where less is better at most the ideal value), else 0."""
    _known(direction)
    met = value >= ideal if direction == POSITIVE else value <= ideal
    return np.where(np.isnan(value) | np.isnan(ideal), np.nan, met.astype(float))


def min_max(value: Floats, best: Floats, worst: Floats, floor_share: float = 0.0) -> Floats:
    """Return floor + (1 - floor) (value - worst) / (best - worst), held between floor share and 1.

    `best` and `worst` are the ends that earn 1 and the floor share: of positive indicators the greatest and the least
    value. Where both ends are equal nothing tells the units apart, and each that has a value earns 1. With a floor
    share of 0.2 the item of a published rule, weight x [20 + 80 (x - min) / (max - min)] / 100.
    """
    width = best - worst
    share = np.divide(value - worst, width, out=np.full(np.shape(value), np.nan), where=(width != 0) & ~np.isnan(width))
    share = np.where((width == 0) & ~np.isnan(value), 1.0, np.clip(share, 0.0, 1.0))
    return floor_share + (1.0 - floor_share) * share


METHODS: dict[str, Callable[[Floats, Floats, str], Floats]] = {
    "target_ratio": target_ratio,
    "reverse_linear": reverse_linear,
    "limit": limit,
}
MIN_MAX = "min_max"
NAMES = (*METHODS, MIN_MAX)


def standardise(
    value: Floats, ideal: Floats, method: str, direction: str, cap: float | None = None, floor: float | None = None
) -> Floats:
    """Apply a method of METHODS and hold the result between floor and cap; missing stays NaN.

    Raises ValueError for an unknown method or direction, an ideal value that is not above 0, or bounds the wrong
    way round. `min_max` has two ends and a function of its own.
    """
    if method not in METHODS:
        raise ValueError(f"unknown standardisation {method!r}; known: {', '.join(METHODS)}")
    result = METHODS[method](np.asarray(value, dtype=float), np.asarray(ideal, dtype=float), direction)
    return bounded(result, cap, floor)


def bounded(result: Floats, cap: float | None, floor: float | None) -> Floats:
    """Hold values between floor and cap; missing stays NaN. Raises ValueError for a floor above the cap."""
    if cap is not None and floor is not None and floor > cap:
        raise ValueError(f"floor {floor} is above cap {cap}")
    if cap is not None:
        result = np.minimum(result, cap)
    return result if floor is None else np.maximum(result, floor)


def _known(direction: str) -> None:
    if direction not in (POSITIVE, NEGATIVE):
        raise ValueError(f"direction must be {POSITIVE} or {NEGATIVE}, found {direction!r}")


def _check(ideal: Floats, direction: str) -> None:
    _known(direction)
    if np.any(np.asarray(ideal) <= 0):
        raise ValueError("an ideal value must be above 0")
