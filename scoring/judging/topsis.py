"""TOPSIS: a second opinion on an order of units, for comparison and never as the result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring.deriving.refusal import Undefined

Floats = NDArray[np.float64]


def closeness(values: Floats, weights: Floats, positive: NDArray[np.bool_]) -> Floats:
    """Return the relative closeness (n) of units to the best values: d- / (d+ + d-), from 0 to 1 (Hwang & Yoon 1981).

    `values` (n, k) as measured, brought to vectors of length 1; `weights` (k) to the sum 1; `positive` (k) says where
    more is better. Units with a missing value have NaN and do not change the others. Raises Undefined for infinities,
    weights that are no weights, or fewer than 2 complete units.
    """
    given, shares = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    if np.isinf(given).any() or not np.isfinite(shares).all() or (shares < 0).any() or not shares.sum() > 0:
        raise Undefined("TOPSIS needs values that are not infinite, and weights from 0 on that are not all 0")
    complete = ~np.isnan(given).any(axis=1)
    if complete.sum() < 2:
        raise Undefined(f"TOPSIS needs at least 2 units with every value, found {int(complete.sum())}")
    result = np.full(len(given), np.nan)
    result[complete] = _closeness(given[complete], shares / shares.sum(), np.asarray(positive, dtype=bool))
    return result


def _closeness(values: Floats, weights: Floats, positive: NDArray[np.bool_]) -> Floats:
    length = np.sqrt((values**2).sum(axis=0))
    weighted = weights * np.divide(values, length, out=np.zeros_like(values), where=length > 0)
    highest, lowest = weighted.max(axis=0), weighted.min(axis=0)
    best, worst = np.where(positive, highest, lowest), np.where(positive, lowest, highest)
    to_best = np.sqrt(((weighted - best) ** 2).sum(axis=1))
    to_worst = np.sqrt(((weighted - worst) ** 2).sum(axis=1))
    whole = to_best + to_worst
    return np.divide(to_worst, whole, out=np.full(len(values), np.nan), where=whole > 0)
