"""Weights from judgement: Delphi rounds, comparison of factors in pairs, and AHP with its test of consistency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.deriving.refusal import Undefined

Floats = NDArray[np.float64]

_RECIPROCAL = 1e-3  # relative: 0.333 for a third passes, as judgement sheets write it


@dataclass(frozen=True)
class Delphi:
    """One round: weights (k) that sum to 1, mean and spread of the experts' points, and how far they agree."""

    weights: Floats
    mean: Floats
    standard_deviation: Floats
    variation: Floats
    kendall_w: float
    chi_square: float


def delphi(points: Floats) -> Delphi:
    """Return the weights of a Delphi round (特尔斐法): points (experts, k), any scale, none below 0.

    w_i = mean over experts of E_ij, divided by its sum; each expert's points are first brought to the sum 1, so that
    none counts more for using larger numbers. Spread is the sample standard deviation; `variation` is spread over
    mean. Kendall's W runs from 0 (no agreement) to 1, with ties corrected; chi_square = experts (k - 1) W.
    Raises Undefined for fewer than 2 experts or 2 indicators, missing or negative points, or an expert without any.
    """
    given = np.asarray(points, dtype=float)
    if given.ndim != 2 or min(given.shape) < 2:
        raise Undefined(f"Delphi needs at least 2 experts and 2 indicators, found {given.shape}")
    if not np.isfinite(given).all() or (given < 0).any():
        raise Undefined("Delphi needs points that are numbers and not below 0")
    totals = given.sum(axis=1, keepdims=True)
    if (totals == 0).any():
        raise Undefined(f"expert {int(np.flatnonzero(totals[:, 0] == 0)[0]) + 1} gave no points")
    shares = given / totals
    mean, spread = shares.mean(axis=0), shares.std(axis=0, ddof=1)
    agreement = kendall_w(given)
    with np.errstate(invalid="ignore", divide="ignore"):
        variation = np.where(mean > 0, spread / mean, np.nan)
    return Delphi(
        mean / mean.sum(), mean, spread, variation, agreement, given.shape[0] * (given.shape[1] - 1) * agreement
    )


def kendall_w(points: Floats) -> float:
    """Return Kendall's coefficient of concordance of experts (m) over k items, corrected for ties.

    W = 12 S / (m² (k³ - k) - m Σ T) with S the squared deviations of rank sums and T = Σ (t³ - t) over an expert's
    ties. Raises Undefined where every expert gives all items the same points.
    """
    ranks = np.vstack([_mean_ranks(row) for row in np.asarray(points, dtype=float)])
    experts, items = ranks.shape
    sums = ranks.sum(axis=0)
    squares = float(((sums - sums.mean()) ** 2).sum())
    ties = sum(float((counts**3 - counts).sum()) for counts in map(_tie_sizes, points))
    whole = experts**2 * (items**3 - items) - experts * ties
    if whole <= 0:
        raise Undefined("no agreement can be measured: every expert gives all items the same points")
    return 12.0 * squares / whole


def _tie_sizes(row: Floats) -> Floats:
    return np.unique(row, return_counts=True)[1].astype(float)


def _mean_ranks(row: Floats) -> Floats:
    """Ranks from 1; equal points share the mean of their ranks."""
    _, place, counts = np.unique(row, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[place]


def pairwise(comparisons: Floats, tolerance: float = 1e-6) -> Floats:
    """Return the weights of comparison in pairs (因素成对比较法): a matrix (k, k) with c_ij + c_ji = 1 in 0 to 1.

    w_i = Σ_{j≠i} c_ij / (k (k - 1) / 2). The source asks for judgements that are transitive: where i beats j and j
    beats l, i beats l. Raises Undefined for a matrix that does not add up or is not transitive.
    """
    matrix = np.asarray(comparisons, dtype=float)
    size = _square(matrix)
    off = ~np.eye(size, dtype=bool)
    if not np.isfinite(matrix[off]).all() or (matrix[off] < 0).any() or (matrix[off] > 1).any():
        raise Undefined("comparisons in pairs must lie in 0 to 1")
    sums = np.abs(matrix + matrix.T - 1.0)
    if (sums[off] > tolerance).any():
        raise Undefined(f"comparison {_worst(np.where(off, sums, 0))}: the two parts of a pair must sum to 1")
    wins = np.where(off, matrix > 0.5, False)
    if ((wins.astype(int) @ wins.astype(int) > 0) & wins.T).any():
        raise Undefined("the comparisons are not transitive: some beat each other in a circle")
    return np.where(off, matrix, 0.0).sum(axis=1) / (size * (size - 1) / 2.0)


@dataclass(frozen=True)
class Ahp:
    """Weights (k) of a judgement matrix, and how consistent it is: CI = (lambda - k) / (k - 1), CR = CI / RI."""

    weights: Floats
    lambda_max: float
    consistency_index: float
    consistency_ratio: float
    method: str
    random_index: str


def ahp(matrix: Floats, method: str, random_index: Mapping[int, float], table: str, limit: float | None = 0.1) -> Ahp:
    """Return the weights of a positive reciprocal matrix (k, k) by a method of METHODS.

    `random_index` is the table named `table`, by size of the matrix; which one was used is part of the result, since
    the ratio depends on it. Raises Undefined for a matrix that is not reciprocal, a size that the table lacks, and a
    ratio above `limit` (None: it is only reported).
    """
    judged = np.asarray(matrix, dtype=float)
    size = _square(judged)
    if not np.isfinite(judged).all() or (judged <= 0).any():
        raise Undefined("a judgement matrix has positive numbers only")
    unequal = np.abs(judged * judged.T - 1.0)
    if (unequal > 2 * _RECIPROCAL).any():
        raise Undefined(f"judgement {_worst(unequal)} and its mirror image are not each other's reciprocal")
    if method not in METHODS:
        raise ValueError(f"unknown AHP method {method!r}; known: {', '.join(METHODS)}")
    weights, largest = METHODS[method](judged)
    index = (largest - size) / (size - 1) if size > 1 else 0.0
    ratio = _ratio(index, size, random_index, table)
    if limit is not None and ratio > limit:
        raise Undefined(
            f"the judgements contradict each other: consistency ratio {ratio:.4f} (random index {table}) is above "
            f"{limit}; ask the judges again"
        )
    return Ahp(weights, largest, index, ratio, method, table)


def _ratio(index: float, size: int, random_index: Mapping[int, float], table: str) -> float:
    """Two things compared once are consistent whatever the table says."""
    if size <= 2:
        return 0.0
    if size not in random_index:
        raise Undefined(f"the random index {table} has no value for {size} indicators; split the layer")
    return index / random_index[size]


def _eigenvector(matrix: Floats) -> tuple[Floats, float]:
    values, vectors = np.linalg.eig(matrix)
    first = int(np.argmax(values.real))
    vector = np.abs(vectors[:, first].real)
    return vector / vector.sum(), float(values[first].real)


def _column_mean(matrix: Floats) -> tuple[Floats, float]:
    """和法: the mean of the columns, each brought to the sum 1."""
    weights = (matrix / matrix.sum(axis=0)).mean(axis=1)
    return weights, _mean_ratio(matrix, weights)


def _geometric_mean(matrix: Floats) -> tuple[Floats, float]:
    """方根法: the geometric mean of each row."""
    roots = np.exp(np.log(matrix).mean(axis=1))
    weights = roots / roots.sum()
    return weights, _mean_ratio(matrix, weights)


def _mean_ratio(matrix: Floats, weights: Floats) -> float:
    return float(((matrix @ weights) / weights).mean())


METHODS: dict[str, Callable[[Floats], tuple[Floats, float]]] = {
    "eigenvector": _eigenvector,
    "column_mean": _column_mean,
    "geometric_mean": _geometric_mean,
}


def _square(matrix: Floats) -> int:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise Undefined(f"a comparison needs a square matrix, found {matrix.shape}")
    return len(matrix)


def _worst(faults: Floats) -> str:
    row, column = np.unravel_index(int(np.argmax(faults)), faults.shape)
    return f"(row {int(row) + 1}, column {int(column) + 1})"
