"""Weights from several sources made one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from scoring.deriving.entropy_sums import CHUNK, WORKERS, buffer
from scoring.deriving.refusal import Undefined

Floats = NDArray[np.float64]


def linear(subjective: Floats, objective: Floats, alpha: float) -> Floats:
    """Return alpha × subjective + (1 - alpha) × objective, both brought to the sum 1 first.

    Raises Undefined for weights that are no weights or an alpha outside 0 to 1.
    """
    if not 0 <= alpha <= 1:
        raise Undefined(f"alpha must lie in 0 to 1, found {alpha}")
    one, other = _weights(subjective), _weights(objective)
    return alpha * one + (1.0 - alpha) * other


def multiplicative(subjective: Floats, objective: Floats) -> Floats:
    """Return the products of both, brought to the sum 1.

    Raises Undefined for weights that are no weights, or where no indicator has weight in both.
    """
    product = _weights(subjective) * _weights(objective)
    if not product.sum() > 0:
        raise Undefined("no indicator has a weight above 0 in both")
    return product / product.sum()


def weighted(values: Floats, weights: Floats, group: NDArray[np.int64]) -> Floats:
    """Return the sum (n) of values (n, k; none missing) times the weights (groups, k) of each unit's group.

    Streams, so that beyond the result it needs memory for a few chunks only.
    """
    result, by_column = np.empty(len(values)), np.ascontiguousarray(weights.T)

    def one(start: int) -> None:
        rows = slice(start, start + CHUNK)
        columns = buffer(0, values[rows].shape[::-1])
        np.copyto(columns, values[rows].T)
        columns *= np.take(by_column, group[rows], axis=1, out=buffer(1, columns.shape), mode="clip")
        np.add.reduce(columns, axis=0, out=result[rows])

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, range(0, len(values), CHUNK)))
    return result


def _weights(given: Floats) -> Floats:
    weights = np.asarray(given, dtype=float)
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.sum() > 0:
        raise Undefined("weights must be numbers from 0 on and not all 0")
    return weights / weights.sum()
