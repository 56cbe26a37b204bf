"""How sure a rank and a grade are: under other weights, other data, and what missing data could change."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

T = TypeVar("T")

Judge = Callable[[Floats], tuple[Ints, Ints]]
Judged = tuple[Floats, Ints, Ints]  # means, ranks and grades (n each) of a draw
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
    found = Spread(grade, judge, by_group.shape[1], low, high)
    for number in range(by_group.shape[1]):
        found.add(*found.judged(means([by_group[:, number]])[0]))
    return found.stability()


def in_order(work: Callable[[int], T], count: int, threads: int) -> Iterator[T]:
    """Yield work(0), work(1) … work(count - 1); some are worked on at a time, and no more results wait than threads."""
    if threads < 2:
        yield from map(work, range(count))
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[T]] = deque()
        for number in range(count):
            waiting.append(pool.submit(work, number))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Means:
    """Weighted means of n units, again and again with other weights or other values."""

    def __init__(self, standardised: Floats, grade: Ints, reweighted: bool, index: Ints | None = None) -> None:
        """Take standardised values (n, k; missing as NaN), the grades, the rule for what is missing, and groups (n)."""
        present = ~np.isnan(standardised)
        self._earned = np.ascontiguousarray(np.where(present, standardised, 0.0).T)
        self._scored = (grade >= 0) | present.any(axis=1)
        self._index = index
        if not reweighted or present[self._scored].all():
            present = np.ones((1, present.shape[1]), dtype=bool)  # every weight counts
        self._there, self._pattern = _patterns(present)

    def __call__(self, sets: Sequence[Floats], columns: Columns | None = None) -> list[Floats]:
        """Return the means (n) with each of the sets of weights (g, k); NaN for units without anything.

        `columns` gives other values (k, rows), missing as 0.
        """
        results = [np.empty(self._earned.shape[1]) for _ in sets]
        # the sum of the weights of what is there is the same for all units that lack the same
        wholes = [_weighted(self._there, weights.T[:, :, None]) for weights in sets]
        for start in range(0, self._earned.shape[1], BLOCK):
            rows = slice(start, start + BLOCK)
            earned = self._earned[:, rows] if columns is None else columns(rows)
            group = 0 if self._index is None else self._index[rows]
            pattern = self._pattern[rows] if len(self._pattern) > 1 else 0
            for weights, whole, result in zip(sets, wholes, results, strict=True):
                own = weights.T[:, group if len(weights) > 1 else 0]
                with np.errstate(invalid="ignore", divide="ignore"):
                    result[rows] = _weighted(earned, own) / whole[group if len(weights) > 1 else 0, pattern]
        return [np.where(self._scored, result, np.nan) for result in results]


class Spread:
    """What the draws give, taken in one after the other."""

    def __init__(
        self,
        grade: Ints,
        judge: Judge,
        draws: int,
        low: float,
        high: float,
        consequence: Ints | None = None,
        means: bool = False,
    ) -> None:
        """Take the published grades (n), what judges a draw's means, the number of draws, and quantiles from 0 to 1.

        `consequence` has a class for each grade and, last, one for no grade: equal classes, equal consequences;
        without it each grade has its own. `means`: whether the quantiles of the means are wanted too; else NaN.
        """
        self._grade, self._judge, self._draws = grade, judge, draws
        self._consequence = consequence
        self._own = None if consequence is None else consequence[grade]
        places = int(np.floor(low * (draws - 1))), draws - 1 - int(np.ceil(high * (draws - 1)))
        self._ranks = [Tail(place) for place in places]
        self._means = [Tail(place, np.float64) for place in places] if means else []
        self._same, self._alike = (np.zeros(len(grade), dtype=np.int64) for _ in range(2))

    def judged(self, mean: Floats) -> Judged:
        """Return the means (n) of a draw with what follows from them, for `add`; may be called from any thread."""
        return mean, *self._judge(mean)

    def add(self, mean: Floats, ranks: Ints, grades: Ints) -> None:
        """Take in the next draw as it was judged."""
        for sign, tail in zip((1, -1), self._ranks, strict=True):
            tail.add(sign * ranks)
        for sign, tail in zip((1, -1), self._means, strict=False):
            tail.add(sign * mean)
        self._same += grades == self._grade
        if self._consequence is not None:
            self._alike += self._consequence[grades] == self._own

    def stability(self) -> Stability:
        """Return what all draws together say."""
        lowest, highest = (sign * tail.last().astype(np.int64) for sign, tail in zip((1, -1), self._ranks, strict=True))
        known, nothing = (highest > 0) & (self._grade >= 0), np.full(len(self._grade), np.nan)
        alike = self._same if self._consequence is None else self._alike
        means = [sign * tail.last() for sign, tail in zip((1, -1), self._means, strict=False)] or [nothing, nothing]
        shares = (np.where(known, count / self._draws, np.nan) for count in (self._same, alike))
        return Stability(lowest, highest, *shares, *means)


def _weighted(columns: Floats, weights: Sequence[Any] | Floats) -> Floats:
    """The sums (n, or as wide as the weights make them) of columns (k, n), each with its own weight or weights.

    Column by column, so that equal units have equal sums wherever they stand, and full marks come out exactly.
    """
    result: Floats = np.zeros(np.broadcast_shapes(columns.shape[1:], np.shape(weights[0])))
    part = np.empty_like(result)
    for column, weight in zip(columns, weights, strict=True):
        result += np.multiply(column, weight, out=part)
    return result


def _patterns(present: NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """What is there (k, p; 1 or 0) in each pattern of presence (n, k) that occurs, and the pattern (n) of each unit."""
    packed = np.packbits(present, axis=1)
    pattern, first = np.zeros(len(present), dtype=np.int64), np.arange(len(present))[:1]
    for byte in packed.T:
        _, first, pattern = np.unique(pattern * 256 + byte, return_index=True, return_inverse=True)
    return present[first].T * 1.0, pattern


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
            # turned as a whole: np.stack along the second axis takes four times as long
            part = np.ascontiguousarray(np.array([kept[start : start + BLOCK] for kept in self._kept]).T)
            part.partition(self._place, axis=1)
            result[:, start : start + BLOCK] = part[:, : self._place + 1].T
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
