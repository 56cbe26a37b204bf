"""Points beside the indicators: bonuses and deductions, held within the limits of a scheme."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring.scheme import BONUS, Limit, Scheme

Floats = NDArray[np.float64]


def limited(scheme: Scheme, points: Floats) -> Floats:
    """Return the points (n, m) of the scheme's adjustments with a further column for each of its limits.

    A limit's column is what it takes back of the bonuses (0 or below), or of the deductions (0 or above), so that
    the columns of a unit add up to the points that it gets.
    """
    return np.hstack([points, *(_taken_back(limit, points)[:, None] for limit in scheme.limits)])


def _taken_back(limit: Limit, points: Floats) -> Floats:
    if limit.kind == BONUS:
        return -np.maximum(np.maximum(points, 0.0).sum(axis=1) - limit.most_points, 0.0) + 0.0
    return np.maximum(np.maximum(-points, 0.0).sum(axis=1) - limit.most_points, 0.0)
