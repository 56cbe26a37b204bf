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
    standardised: Floats, draws: Floats, grade: Ints, judge: Judge, reweighted: bool, low: float, high: float
) -> Stability:
    """Score n units (n, k; missing as NaN) under each draw of weights and compare ranks and grades.

    `judge` returns the ranks (from 1; 0 without one) and grades (n) of scores (n), as the scheme does; `grade` are the
    published ones. `reweighted`: the weight of what is missing is shared among what is there; else it earns nothing.
    `low` and `high` are the quantiles of the rank, from 0 to 1; a quantile is the draw at that place, so it is a rank
    that occurred.
    """
    present = ~np.isnan(standardised)
    earned = np.where(present, standardised, 0.0)
    ranks = np.zeros((len(draws), len(standardised)), dtype=np.int32)
    same = np.zeros(len(standardised), dtype=np.int64)
    scored = (grade >= 0) | present.any(axis=1)
    for number, weights in enumerate(draws):
        with np.errstate(invalid="ignore", divide="ignore"):
            score = (earned @ weights) / (present @ weights if reweighted else 1.0)
        ranks[number], grades = judge(np.where(scored, score, np.nan))
        same += grades == grade
    return _summary(ranks, same, grade, low, high)


def _summary(ranks: NDArray[np.int32], same: Ints, grade: Ints, low: float, high: float) -> Stability:
    last = len(ranks) - 1
    places = (int(np.floor(low * last)), int(np.ceil(high * last)))
    ordered = np.partition(ranks, places, axis=0)
    ranked = ordered[places[1]] > 0
    return Stability(
        rank_low=ordered[places[0]].astype(np.int64),
        rank_high=ordered[places[1]].astype(np.int64),
        grade_probability=np.where(ranked & (grade >= 0), same / len(ranks), np.nan),
    )


def bounds_by_missing(standardised: Floats, weights: Floats, lowest: Floats, highest: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and highest mean (n) that the missing items could give: each at its `lowest` or `highest` (k).

    `weights` (k) sum to 1 and are the scheme's own. A unit with every value has its own mean as both bounds.
    """
    missing = np.isnan(standardised)
    return (
        np.where(missing, lowest, standardised) @ weights,
        np.where(missing, highest, standardised) @ weights,
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
