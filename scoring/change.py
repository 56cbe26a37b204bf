"""What made a score change between two years, and the smallest change that reaches the next grade."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

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
