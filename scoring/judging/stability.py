"""How sure a rank and a grade are: under other weights, other data, and what missing data could change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Judge = Callable[[Floats], tuple[Ints, Ints]]
Columns = Callable[[slice], Floats]
BLOCK = 16_384  # units weighed at a time: what a draw needs of them stays in the processor's cache


@dataclass(frozen=True)
class Stability:
    """Of n units: the rank's lower and upper quantile over the draws, and the share of draws with the unit's grade.

    `same_consequence` is the share of draws whose grade has the consequences of the unit's own. `mean_low` and
    `mean_high` are the quantiles of the weighted mean. Units without a score have rank 0 and NaN.
    """

    rank_low: Ints
    rank_high: Ints
    grade_probability: Floats
    same_consequence: Floats
    mean_low: Floats
    mean_high: Floats


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
    means = Means(standardised, grade, reweighted, index)
    by_group = draws if draws.ndim == 3 else draws[None]
    return spread(lambda number: means(by_group[:, number]), by_group.shape[1], grade, judge, low, high)


class Means:
    """Weighted means of n units, again and again with other weights or other values."""

    def __init__(self, standardised: Floats, grade: Ints, reweighted: bool, index: Ints | None = None) -> None:
        """Take standardised values (n, k; missing as NaN), the grades, the rule for what is missing, and groups (n)."""
        present = ~np.isnan(standardised)
        self._earned = np.ascontiguousarray(np.where(present, standardised, 0.0).T)
        self._there = np.ascontiguousarray(present.T) * 1.0
        self._scored = (grade >= 0) | present.any(axis=1)
        self._partial = reweighted and not present[self._scored].all()
        self._index = index

    def __call__(self, weights: Floats, columns: Columns | None = None) -> Floats:
        """Return the mean (n) with weights (g, k) of each group; `columns` gives other values (k, rows), missing as 0.

        NaN for units without anything.
        """
        result = np.empty(self._earned.shape[1])
        for start in range(0, len(result), BLOCK):
            rows = slice(start, start + BLOCK)
            index = None if self._index is None else self._index[rows]
            total = _weighted(self._earned[:, rows] if columns is None else columns(rows), weights, index)
            whole = _weighted(self._there[:, rows], weights, index) if self._partial else _whole(weights, index)
            with np.errstate(invalid="ignore", divide="ignore"):
                result[rows] = total / whole
        return np.where(self._scored, result, np.nan)


def spread(
    mean: Callable[[int], Floats],
    draws: int,
    grade: Ints,
    judge: Judge,
    low: float,
    high: float,
    consequence: Ints | None = None,
    means: bool = False,
) -> Stability:
    """Judge the means (n) of each draw (from 0) and compare ranks and grades with the published ones.

    `consequence` has a class for each grade and, last, one for no grade: equal classes, equal consequences; without it
    each grade has its own. `means`: whether the quantiles of the means are wanted too; else they are NaN.
    """
    places = int(np.floor(low * (draws - 1))), draws - 1 - int(np.ceil(high * (draws - 1)))
    ranks_low, ranks_high = (Tail(place) for place in places)
    least, most = (Tail(place, np.float64) for place in places)
    same, alike = np.zeros(len(grade), dtype=np.int64), np.zeros(len(grade), dtype=np.int64)
    for number in range(draws):
        own = mean(number)
        ranks, grades = judge(own)
        ranks_low.add(ranks)
        ranks_high.add(-ranks)
        same += grades == grade
        if consequence is not None:
            alike += consequence[grades] == consequence[grade]
        if means:
            least.add(own)
            most.add(-own)
    lowest, highest = ranks_low.last(), -ranks_high.last()
    known, nothing = (highest > 0) & (grade >= 0), np.full(len(grade), np.nan)
    return Stability(
        lowest.astype(np.int64),
        highest.astype(np.int64),
        np.where(known, same / draws, np.nan),
        np.where(known, (same if consequence is None else alike) / draws, np.nan),
        least.last() if means else nothing,
        -most.last() if means else nothing,
    )


def _weighted(columns: Floats, weights: Floats, index: Ints | None) -> Floats:
    """The weighted sums (n) of columns (k, n) with the weights (g, k) of each unit's group.

    Column by column, so that equal units have equal sums wherever they stand.
    """
    result, part = np.zeros(columns.shape[1]), np.empty(columns.shape[1])
    for column, weight in zip(columns, weights.T, strict=True):
        result += np.multiply(column, weight[0] if len(weights) == 1 or index is None else weight[index], out=part)
    return result


def _whole(weights: Floats, index: Ints | None) -> Floats:
    """The sum of the weights (g, k), added one after the other as in a unit's mean: full marks come out exactly."""
    total = np.cumsum(weights, axis=1)[:, -1]
    return total[:1] if len(total) == 1 or index is None else total[index]


class Tail:
    """The least values of a stream of arrays (n), enough to know the one at a place: memory for two tails."""

    def __init__(self, place: int, dtype: type = np.int32) -> None:
        """Keep enough for the value at `place`, counted from 0 in rising order."""
        self._place, self._dtype = place, dtype
        self._kept: list[NDArray[Any]] = []

    def add(self, values: Ints | Floats) -> None:
        """Take in the next array."""
        self._kept.append(values.astype(self._dtype))
        if len(self._kept) >= 2 * (self._place + 1) + 16:
            self._kept = list(self._least())

    def last(self) -> NDArray[Any]:
        """Return the value (n) at the place."""
        return self._least()[self._place]

    def _least(self) -> NDArray[Any]:
        """The least values (place + 1, n), the one at the place last; unit by unit in one stretch of memory."""
        result = np.empty((self._place + 1, len(self._kept[0])), dtype=self._dtype)
        for start in range(0, result.shape[1], BLOCK):
            part = np.stack([kept[start : start + BLOCK] for kept in self._kept], axis=1)
            part.partition(self._place, axis=1)
            result[:, start : start + BLOCK] = part[:, : self._place + 1].T
        return result


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
    """Return the mean (n, k) of each unit without each single indicator; NaN where nothing else is there.

    `weights` (k) or (n, k). Added up afresh for each indicator, not subtracted: units equal in the rest stay equal.
    """
    present = ~np.isnan(standardised)
    earned, shares = np.where(present, standardised, 0.0), np.broadcast_to(weights, standardised.shape)
    result = np.full(standardised.shape, np.nan)
    for left in range(standardised.shape[1]):
        points, whole = np.zeros(len(earned)), np.zeros(len(earned))
        for j in range(standardised.shape[1]):
            if j != left:
                points += shares[:, j] * earned[:, j]
                whole += shares[:, j] * present[:, j]
        np.divide(points, whole, out=result[:, left], where=whole > 0)
    return result
