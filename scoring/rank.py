"""Ranks and grades. Missing scores have neither."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COMPETITION, DENSE = "min", "dense"
TIES = (COMPETITION, DENSE)


def rank(score: Floats, group: Ints | None = None, ties: str = COMPETITION) -> Ints:
    """Return the rank from 1 for the highest score, within each group; 0 for a missing score or group (< 0).

    Equal scores (exactly equal doubles) share a rank. `min`: they take the best place of the tie and the next score
    its own place (1, 1, 3); `dense`: no place is left out (1, 1, 2). The result does not depend on the row order.
    """
    if ties not in TIES:
        raise ValueError(f"unknown rule for ties {ties!r}; known: {', '.join(TIES)}")
    groups = np.zeros(len(score), dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
    rows = np.flatnonzero(~np.isnan(score) & (groups >= 0))
    order = rows[np.lexsort((-score[rows], groups[rows]))]
    result = np.zeros(len(score), dtype=np.int64)
    if len(order):
        result[order] = _places(score[order], groups[order], ties)
    return result


def _places(score: Floats, group: Ints, ties: str) -> Ints:
    """Ranks of rows sorted by group and falling score."""
    position = np.arange(len(score), dtype=np.int64)
    new_group = np.r_[True, group[1:] != group[:-1]]
    new_score = new_group | np.r_[True, score[1:] != score[:-1]]
    start = np.maximum.accumulate(np.where(new_group, position, 0))
    if ties == COMPETITION:
        return np.maximum.accumulate(np.where(new_score, position, 0)) - start + 1
    distinct = np.cumsum(new_score)
    return distinct - distinct[start] + 1


def group_size(score: Floats, group: Ints | None = None) -> Ints:
    """Return for each unit how many units of its group have a score; 0 where the group is missing (< 0)."""
    groups = np.zeros(len(score), dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
    if not len(score):
        return np.zeros(0, dtype=np.int64)
    counts = np.bincount(groups[~np.isnan(score) & (groups >= 0)], minlength=max(int(groups.max()) + 1, 1))
    return np.where(groups >= 0, counts[np.maximum(groups, 0)], 0)


def grade_by_bands(score: Floats, lower_bounds: Sequence[float]) -> Ints:
    """Return the index of the first band, best first, whose lower bound the score reaches; -1 where there is none.

    `lower_bounds` fall; a bound belongs to the better band.
    """
    bounds = np.asarray(lower_bounds, dtype=float)
    if np.any(np.diff(bounds) >= 0):
        raise ValueError(f"lower bounds of grades must fall: {list(lower_bounds)}")
    index = _passed(bounds, score)
    index[np.isnan(score) | (index >= len(bounds))] = -1
    return index.astype(np.int64)


def grade_by_shares(ranks: Ints, sizes: Ints, upper_shares: Sequence[float]) -> Ints:
    """Return the index of the first grade, best first, whose cumulative share is at least rank / size; -1 if unranked.

    With shares 0.20, 0.60, 0.95, 1 and 20 units: ranks 1-4, 5-12, 13-19, 20. Units that tie share their best rank and
    so their grade.
    """
    shares = np.asarray(upper_shares, dtype=float)
    if np.any(np.diff(shares) <= 0):
        raise ValueError(f"cumulative shares of grades must rise: {list(upper_shares)}")
    with np.errstate(invalid="ignore", divide="ignore"):
        place = np.where(ranks > 0, ranks / np.maximum(sizes, 1), np.nan)
    index = _passed(-shares, -place)
    return np.where((ranks <= 0) | (index >= len(shares)), -1, index)


def _passed(bounds: Floats, values: Floats) -> NDArray[np.int8]:
    """How many of the few bounds each value (n) lies below; compared one by one, a search takes far longer."""
    found = np.zeros(len(values), dtype=np.int8)
    for bound in bounds:
        found += (values < bound).view(np.int8)
    return found
