"""How sure a rank and a grade are: under other weights, other data, and what missing data could change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Judge = Callable[[Floats], tuple[Ints, Ints]]


@dataclass(frozen=True)
class Stability:
    """Of n units: the rank's lower and upper quantile over the draws, and the share of draws with the unit's grade.

    Units without a score have rank 0 and NaN.
    """

    rank_low: Ints
    rank_high: Ints
    grade_probability: Floats


def draws_of_weights(weights: Floats, concentration: float, draws: int, seed: int) -> Floats:
    """Return (draws, k) weights around the scheme's, each of the sum 1: Dirichlet(concentration × weights).

    The mean is the scheme's own weight, the variance w (1 - w) / (concentration + 1); a weight of 0 stays 0. The same
    seed gives the same draws.
    """
    shares = np.asarray(weights, dtype=float) / np.sum(weights)
    result = np.zeros((draws, len(shares)))
    there = shares > 0
    result[:, there] = np.random.default_rng(seed).dirichlet(concentration * shares[there], draws)
    return result


def under_weights(
    standardised: Floats,
    draws: Floats,
    grade: Ints,
    judge: Judge,
    reweighted: bool,
    low: float,
    high: float,
    index: Ints | None = None,
) -> Stability:
    """Score n units (n, k; missing as NaN) under each draw of weights and compare ranks and grades.

    `judge` returns the ranks (from 1; 0 without one) and grades (n) of scores (n), as the scheme does; `grade` are the
    published ones. `reweighted`: the weight of what is missing is shared among what is there; else it earns nothing.
    `low` and `high` are the quantiles of the rank, from 0 to 1; a quantile is the draw at that place, so it is a rank
    that occurred. With `index` (n) the draws are (g, draws, k), and a unit takes those of its group of weights.
    """
    present = ~np.isnan(standardised)
    earned, there = np.ascontiguousarray(np.where(present, standardised, 0.0).T), np.ascontiguousarray(present.T) * 1.0
    scored = (grade >= 0) | present.any(axis=1)
    partial = reweighted and not present[scored].all()
    by_group = draws if draws.ndim == 3 else draws[None]
    last = by_group.shape[1] - 1
    low_end, high_end = Tail(int(np.floor(low * last))), Tail(last - int(np.ceil(high * last)))
    same = np.zeros(len(standardised), dtype=np.int64)
    for number in range(last + 1):
        with np.errstate(invalid="ignore", divide="ignore"):
            weights = by_group[:, number]
            score = _weighted(earned, weights, index) / (_weighted(there, weights, index) if partial else 1.0)
        ranks, grades = judge(np.where(scored, score, np.nan))
        low_end.add(ranks)
        high_end.add(-ranks)
        same += grades == grade
    lowest, highest = low_end.last(), -high_end.last()
    known = (highest > 0) & (grade >= 0)
    return Stability(lowest, highest, np.where(known, same / (last + 1), np.nan))


def _weighted(columns: Floats, weights: Floats, index: Ints | None) -> Floats:
    """The weighted sums (n) of columns (k, n) with the weights (g, k) of each unit's group.

    Column by column, so that equal units have equal sums wherever they stand.
    """
    result, part = np.zeros(columns.shape[1]), np.empty(columns.shape[1])
    for column, weight in zip(columns, weights.T, strict=True):
        result += np.multiply(column, weight[0] if len(weights) == 1 or index is None else weight[index], out=part)
    return result


class Tail:
    """The least values of a stream of arrays (n), enough to know the one at a place: memory for two tails."""

    def __init__(self, place: int) -> None:
        """Keep enough for the value at `place`, counted from 0 in rising order."""
        self._place = place
        self._kept: list[NDArray[np.int32]] = []

    def add(self, values: Ints) -> None:
        """Take in the next array."""
        self._kept.append(values.astype(np.int32))
        if len(self._kept) >= 2 * (self._place + 1) + 16:
            self._kept = list(np.partition(np.stack(self._kept), self._place, axis=0)[: self._place + 1])

    def last(self) -> Ints:
        """Return the value (n) at the place."""
        return np.partition(np.stack(self._kept), self._place, axis=0)[self._place].astype(np.int64)


def ranks_of(score: Floats) -> Ints:
    """Return the rank from 1 of each score (n), equal scores at the best place of the tie; 0 for NaN.

    The same as `rank.rank` without groups, by one sort: it is called for every draw.
    """
    rows = np.flatnonzero(~np.isnan(score))
    falling = -score[rows]
    order = np.argsort(falling)
    ordered = falling[order]
    place = np.arange(1, len(rows) + 1)
    tied = np.flatnonzero(ordered[1:] == ordered[:-1]) + 1
    if len(tied):
        place[tied] = 0
        place = np.maximum.accumulate(place)
    result = np.zeros(len(score), dtype=np.int64)
    result[rows[order]] = place
    return result


def bounds_by_missing(standardised: Floats, weights: Floats, lowest: Floats, highest: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and highest mean (n) that the missing items could give: each at its `lowest` or `highest` (k).

    `weights` (k) or (n, k) are the scheme's own and sum to 1. A unit with every value has its mean as both bounds.
    """
    missing = np.isnan(standardised)
    return (
        (np.where(missing, lowest, standardised) * weights).sum(axis=1),
        (np.where(missing, highest, standardised) * weights).sum(axis=1),
    )


def leave_one_out(standardised: Floats, weights: Floats) -> Floats:
    """Return the mean (n, k) of each unit without each single indicator; NaN where nothing else is there."""
    present = ~np.isnan(standardised)
    earned = np.where(present, standardised, 0.0) * weights
    left = present * weights
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = (earned.sum(axis=1, keepdims=True) - earned) / (left.sum(axis=1, keepdims=True) - left)
    others = present.sum(axis=1, keepdims=True) - present
    return np.where(others > 0, rest, np.nan)
