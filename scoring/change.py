"""What made a score change between two years, and the smallest change that reaches the next grade."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from scoring import rank
from scoring.standardise import POSITIVE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PREVIOUS, CURRENT = 0, 1


def effects(score: Callable[..., Floats], factors: int) -> list[Floats]:
    """Split score(1, 1, …) - score(0, 0, …) into one effect (n) for each factor, in the order of the arguments.

    `score` gives the scores (n) with each factor as it was in the previous (0) or is in the current year (1). An
    effect is the factor's Shapley value: what changing it alone adds, averaged over every order in which the factors
    can be changed one after the other. So no factor is favoured by coming first, and the effects add up to the
    change up to rounding. Where a score is NaN its effects are.
    """
    states = {state: score(*state) for state in itertools.product((PREVIOUS, CURRENT), repeat=factors)}
    return [_shapley(states, factor, factors) for factor in range(factors)]


def _shapley(states: dict[tuple[int, ...], Floats], factor: int, factors: int) -> Floats:
    whole = math.factorial(factors)
    total: Floats = np.zeros_like(states[(PREVIOUS,) * factors])
    for state, without in states.items():
        if state[factor] == CURRENT:
            continue
        done = sum(state)
        share = math.factorial(done) * math.factorial(factors - done - 1) / whole
        total = total + share * (states[(*state[:factor], CURRENT, *state[factor + 1 :])] - without)
    return total


def needed_standardised(
    score: Floats, target: Floats, weights: Floats, standardised: Floats, full_marks: float
) -> Floats:
    """Return the standardised value (n, k) with which each single indicator would lift the score to the target (n).

    The others stay as they are: s + (target - score) / (full marks × weight). NaN where the indicator has no weight,
    the unit no score, or nothing above it to reach (target NaN).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = (target - score)[:, None] / (full_marks * weights)
    return np.where(weights > 0, standardised + lift, np.nan)


def next_band(score: Floats, lower_bounds: Sequence[float]) -> tuple[NDArray[np.int64], Floats]:
    """Return the index (n) of the next better band and its lower bound; -1 and NaN in the best band or unscored.

    `lower_bounds` fall, best first, as in `rank.grade_by_bands`.
    """
    bounds = np.asarray(lower_bounds, dtype=float)
    own = np.searchsorted(-bounds, -score, side="left")
    better = np.where(np.isnan(score), -1, own - 1)
    return better, np.where(better >= 0, bounds[np.maximum(better, 0)], np.nan)


def next_place(
    score: Floats, group: Ints, grade: Ints, upper_shares: Sequence[float], ties: str
) -> tuple[Ints, Floats]:
    """Return the next better grade (n) of grades by shares of ranks, and the score (n) that reaches it.

    It is the score of the unit at the border, which keeps its place: who draws level shares its rank. -1 and NaN for
    the best grade and for units without a score or group (< 0); NaN alone where the group is too small for anybody to
    have a better grade. A grade in which the group has no place is passed over.
    """
    shares = np.asarray(upper_shares, dtype=float)
    better, target = np.full(len(score), -1, dtype=np.int64), np.full(len(score), np.nan)
    rows = np.flatnonzero(~np.isnan(score) & (group >= 0))
    rows = rows[np.argsort(group[rows], kind="stable")]
    for members in np.split(rows, np.flatnonzero(np.diff(group[rows])) + 1):
        if len(members):
            better[members], target[members] = _next_place(score[members], grade[members], shares, ties)
    return better, target


def _next_place(score: Floats, grade: Ints, shares: Floats, ties: str) -> tuple[Ints, Floats]:
    falling = -np.sort(-score) if ties == rank.COMPETITION else -np.unique(-score)
    own = np.where(grade < 0, len(shares), grade)
    above = np.maximum(own - 1, 0)
    last = np.array([_last_place(share, len(score)) for share in shares])[above]
    place = np.clip(last, 1, len(falling))
    reached = np.searchsorted(shares, place / len(score), side="left")
    better = np.where(own == 0, -1, np.where(last > 0, np.minimum(reached, above), above))
    return better, np.where((own > 0) & (last > 0), falling[place - 1], np.nan)


def _last_place(share: float, size: int) -> int:
    """Return the last rank whose part of the group is within the share, by the division that the grades use."""
    ranks = np.arange(max(int(share * size) - 1, 0), min(int(share * size) + 2, size) + 1)
    return int(ranks[ranks / size <= share].max())


def value_of(needed: Floats, value: Floats, ideal: Floats, standardised: Floats, method: str, direction: str) -> Floats:
    """Return the raw values (n) whose standardised value is `needed` (caps apart); NaN where none from 0 on has it.

    `value` and `standardised` are what the units have: under min_max the ends stay where they are, and the line goes
    through the unit's own point and the best end; below the least end (on the floor) it is not known.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if method == "target_ratio":
            found = needed * ideal if direction == POSITIVE else ideal / needed
        elif method == "reverse_linear":
            found = ideal * (2.0 - 2.0 * needed)
        elif method == "limit":
            found = np.where((needed <= 1) & (standardised < 1), ideal, np.nan)
        else:
            found = value + (needed - standardised) * (ideal - value) / (1.0 - standardised)
            found = np.where((needed <= 1) & (standardised < 1), found, np.nan)
        found = np.where((method == "reverse_linear") & (found < 0), np.nan, found)
    return np.where(np.isfinite(found), found, np.nan)
