"""Coupling coordination of systems (economic, social, ecological) in its two published forms.

standard: C = n (u1 ... un)^(1/n) / (u1 + ... + un), T = mean of u unless weights are given.
corrected (Wang Shujia et al. 2021): C = sqrt((1 - mean over pairs |ui - uj|) (product of ui / umax)^(1 / (n - 1))),
T = weighted mean of u. D = sqrt(C T) in both. Published cases are in tests/scoring/test_coupling.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

STANDARD, CORRECTED = "standard", "corrected"
FORMS = (STANDARD, CORRECTED)


@dataclass(frozen=True)
class Coupling:
    """Coupling C, comprehensive index T and coordination D of each unit: arrays of one length, NaN where undefined."""

    coupling: Floats
    comprehensive_index: Floats
    coordination: Floats


def coupling_coordination(indices: ArrayLike, form: str, weights: Sequence[float] | None = None) -> Coupling:
    """Return C, T and D of units (rows) from the indices of their systems (columns), each in 0..1.

    Without weights all systems count alike. A unit with a missing index (NaN) has none of the three; one whose indices
    are all 0 has T = 0 and neither C nor D. Raises ValueError for an unknown form, fewer than two systems, an index
    outside 0..1, or weights that do not fit.
    """
    u = _checked(indices)
    t = u @ _weights(weights, u.shape[1])
    if form not in FORMS:
        raise ValueError(f"form {form!r} is none of {', '.join(FORMS)}")
    c = _standard(u) if form == STANDARD else _corrected(u)
    return Coupling(c, t, np.sqrt(c * t))


def _checked(indices: ArrayLike) -> Floats:
    u = np.atleast_2d(np.asarray(indices, dtype=np.float64))
    if u.shape[1] < 2:
        raise ValueError(f"{u.shape[1]} system: coupling needs two or more")
    if ((u < 0) | (u > 1)).any():
        raise ValueError(f"index {u[(u < 0) | (u > 1)][0]} lies outside 0..1")
    return u


def _weights(weights: Sequence[float] | None, n: int) -> Floats:
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != (n,) or not (w >= 0).all() or w.sum() == 0:
        raise ValueError(f"weights {weights} for {n} systems: one for each is needed, none below 0, not all 0")
    return w / w.sum()


def _relative_product(u: Floats) -> Floats:
    """Product of ui / umax of each unit; NaN where all are 0."""
    highest = u.max(axis=1, keepdims=True)
    return np.divide(u, highest, out=np.full_like(u, np.nan), where=highest > 0).prod(axis=1)


def _standard(u: Floats) -> Floats:
    n, total = u.shape[1], u.sum(axis=1)
    share = np.divide(u.max(axis=1), total, out=np.full_like(total, np.nan), where=total > 0)
    return n * share * _relative_product(u) ** (1 / n)


def _corrected(u: Floats) -> Floats:
    n = u.shape[1]
    distance = np.abs(u[:, :, None] - u[:, None, :]).sum(axis=(1, 2)) / (n * (n - 1))
    return np.sqrt((1 - distance) * _relative_product(u) ** (1 / (n - 1)))
