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


METHODS: dict[str, Callable[[Floats, Floats, str], Floats]] = {
    "target_ratio": target_ratio,
    "reverse_linear": reverse_linear,
}


def standardise(
    value: Floats, ideal: Floats, method: str, direction: str, cap: float | None = None, floor: float | None = None
) -> Floats:
    """Apply a method of METHODS and hold the result between floor and cap; missing stays NaN.

    Raises ValueError for an unknown method or direction, an ideal value that is not above 0, or bounds the wrong
    way round.
    """
    if method not in METHODS:
        raise ValueError(f"unknown standardisation {method!r}; known: {', '.join(METHODS)}")
    if cap is not None and floor is not None and floor > cap:
        raise ValueError(f"floor {floor} is above cap {cap}")
    result = METHODS[method](np.asarray(value, dtype=float), np.asarray(ideal, dtype=float), direction)
    if cap is not None:
        result = np.minimum(result, cap)
    return result if floor is None else np.maximum(result, floor)


def _check(ideal: Floats, direction: str) -> None:
    if direction not in (POSITIVE, NEGATIVE):
        raise ValueError(f"direction must be {POSITIVE} or {NEGATIVE}, found {direction!r}")
    if np.any(np.asarray(ideal) <= 0):
        raise ValueError("an ideal value must be above 0")
