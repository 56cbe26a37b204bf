"""TOPSIS: a second opinion on an order of units, for comparison and never as the result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring import rank
from scoring.deriving.refusal import Undefined
from scoring.judging.scored import Scored
from scoring.scheme import Scheme
from scoring.standardise import POSITIVE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FEWEST = 2  # units that can be put into an order
# why a unit has no closeness, or a scheme no correlation of ranks
NO_OPINION_REASONS = ("not_rated", "value_missing", "too_few_units", "no_weight", "no_difference")
NOT_RATED, VALUE_MISSING, TOO_FEW_UNITS, NO_WEIGHT, NO_DIFFERENCE = range(1, len(NO_OPINION_REASONS) + 1)


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
    if complete.sum() < _FEWEST:
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


@dataclass(frozen=True)
class Opinion:
    """For n units the closeness, its rank and the score's rank among the units compared (0 without one).

    `reason` is 0 where a unit has a closeness, else a number from 1 into NO_OPINION_REASONS; `agreement` is Spearman's
    correlation of the two ranks, NaN with `no_agreement` as its reason; `indicators` is how many took part.
    """

    closeness: Floats
    rank: Ints
    score_rank: Ints
    reason: NDArray[np.int8]
    agreement: float
    no_agreement: int
    indicators: int


def opinion(scheme: Scheme, scored: Scored) -> Opinion:
    """Compare the order of the scores with that of TOPSIS on the measured values, by the weights of the whole scale.

    Indicators without weight, and those that no rated unit has, take no part; of the units those with every other
    value.
    """
    rated = ~np.isnan(scored.score)
    weights = np.array([i.weight for i in scheme.indicators])
    used = (weights > 0) & ~np.isnan(scored.values[rated]).all(axis=0)
    values = np.where(rated[:, None], scored.values, np.nan)[:, used]
    complete = rated & ~np.isnan(values).any(axis=1)
    reason = np.where(rated, np.where(complete, 0, VALUE_MISSING), NOT_RATED).astype(np.int8)
    found = np.full(len(rated), np.nan)
    if not used.any():
        reason[rated] = NO_WEIGHT if not (weights > 0).any() else VALUE_MISSING
    elif complete.sum() < _FEWEST:
        reason[complete] = TOO_FEW_UNITS
    else:
        positive = np.array([i.direction == POSITIVE for i in scheme.indicators])
        found = closeness(values, weights[used], positive[used])
        reason[complete & np.isnan(found)] = NO_DIFFERENCE
    compared = ~np.isnan(found)
    agreement, why = _agreement(found[compared], scored.score[compared])
    own = np.where(compared, scored.score, np.nan)
    ranks = rank.rank(found, ties=scheme.ties), rank.rank(own, ties=scheme.ties)
    return Opinion(found, *ranks, reason, agreement, why, int(used.sum()))


def _agreement(one: Floats, other: Floats) -> tuple[float, int]:
    """Spearman's rank correlation, equal values at the mean of their ranks; NaN and the reason where undefined."""
    if len(one) < _FEWEST:
        return np.nan, TOO_FEW_UNITS
    ranks = [pd.Series(values).rank().to_numpy() - (len(one) + 1) / 2 for values in (one, other)]
    lengths = [float((r**2).sum()) for r in ranks]
    if not all(lengths):
        return np.nan, NO_DIFFERENCE
    return float(np.clip((ranks[0] * ranks[1]).sum() / np.sqrt(lengths[0] * lengths[1]), -1.0, 1.0)), 0
