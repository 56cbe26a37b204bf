"""Effective weights of each unit under a scheme's rule for missing values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SCORE_0, REWEIGHT, GROUP_MEAN, NOT_RATED = "score_0", "reweight", "group_mean", "not_rated"
RULES = (SCORE_0, REWEIGHT, GROUP_MEAN, NOT_RATED)
TOLERANCE = 1e-9


def present_weight(weights: Floats, present: Bools) -> Floats:
    """Return for each of n units the sum of the weights (k) whose indicator is present (n, k).

    Columns are added one after the other, so a unit's sum does not depend on its neighbours or on chunks.
    """
    total = np.zeros(len(present))
    for j, weight in enumerate(weights):
        total += weight * present[:, j]
    return total


def is_rated(weights: Floats, present: Bools, rule: str, minimum: float) -> Bools:
    """Return which units (n) are scored: something is present, and as much of it as the rule asks for.

    `not_rated` asks for every indicator of positive weight; the other rules for `minimum` of the total weight.
    """
    _known(rule)
    total, there = float(np.sum(weights)), present_weight(weights, present)
    needed = total if rule == NOT_RATED else minimum * total
    return (there > 0) & (there >= needed - TOLERANCE * total)


def effective(weights: Floats, present: Bools, rule: str) -> Floats:
    """Return weights (n, k) that sum to 1 for each unit.

    `present` is what takes part: under `group_mean` the filled places too. `score_0` keeps every weight (a missing
    indicator earns nothing); the other rules share the weight of what is missing among what is present, in
    proportion. A unit with nothing present gets NaN.
    """
    _known(rule)
    if rule == SCORE_0:
        full = np.asarray(weights, dtype=float) / float(np.sum(weights))
        return np.where(present.any(axis=1)[:, None], full[None, :], np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(present, weights[None, :], 0.0) / present_weight(weights, present)[:, None]


def _known(rule: str) -> None:
    if rule not in RULES:
        raise ValueError(f"unknown missing-data rule {rule!r}; known: {', '.join(RULES)}")
