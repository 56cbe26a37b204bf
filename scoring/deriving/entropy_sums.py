"""The sums of entropy weights by group, streamed: two passes over the rows, memory for a few chunks only."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 1 << 13  # rows at a time: with a dozen columns that stays in the processor's cache
WORKERS = min(4, os.cpu_count() or 1)
LARGEST = 1e150  # beyond it squares and products of values are no numbers that a double can hold
_TINY = np.finfo(float).tiny
_scratch = threading.local()
_Part = tuple[Ints, Floats, Ints]  # groups of the segments, columns with units in order of group, where each begins


@dataclass(frozen=True)
class Extent:
    """By group and column (groups, k): smallest and largest value and how many there are; by group: missing, units."""

    lowest: Floats
    highest: Floats
    rows: Ints
    missing: Ints
    units: Ints


@dataclass(frozen=True)
class Sums:
    """By group and column (groups, k): S = Σ d and L = Σ d ln d of the distances d from the worse end."""

    total: Floats
    logs: Floats


def extent(values: Floats, group: Ints | None, groups: int, complete: bool) -> Extent:
    """Return what the first pass finds in values (n, k; missing as NaN); infinities show as ends.

    `group` (n) runs from 0, below 0 is no group; None puts every row into group 0. `complete`: rows that lack a value
    take no part.
    """
    shape = (groups, values.shape[1])
    found = Extent(
        np.full(shape, np.inf),
        np.full(shape, -np.inf),
        np.zeros(shape, dtype=np.int64),
        np.zeros(groups, dtype=np.int64),
        np.zeros(groups, dtype=np.int64),
    )
    for own, lowest, highest, absent, size in _each(values, group, groups, complete, _extent_of):
        found.lowest[own] = np.fmin(found.lowest[own], lowest)
        found.highest[own] = np.fmax(found.highest[own], highest)
        found.rows[own] += size[:, None] - absent
        found.missing[own] += absent.sum(axis=1)
        found.units[own] += size
    return found


def sums(
    values: Floats, group: Ints | None, ends: Extent, complete: bool, negative: NDArray[np.bool_], shift: float
) -> Sums:
    """Return the Sums of the second pass.

    Entropy does not change when a column is multiplied, so distances are taken without dividing by the range, and a
    shift of normalised values is a shift by that part of the range.
    """
    groups = len(ends.lowest)
    varied = (ends.highest > ends.lowest) & (ends.highest <= LARGEST) & (ends.lowest >= -LARGEST)
    span = np.subtract(ends.highest, ends.lowest, out=np.zeros((groups, values.shape[1])), where=varied)
    start = np.where(varied, np.where(negative, ends.highest, ends.lowest), 0.0)
    result = Sums(np.zeros(span.shape), np.zeros(span.shape))
    clean = not ends.missing.any() and bool((np.isfinite(ends.highest) & np.isfinite(ends.lowest)).all())
    sign = np.where(negative, -1.0, 1.0)
    work = partial(_sums_of, start=start, sign=sign, shift=shift * span, clean=clean)
    for own, total, logs in _each(values, group, groups, complete, work):
        result.total[own] += total
        result.logs[own] += logs
    return result


def _extent_of(part: _Part) -> tuple[Ints, Floats, Floats, Ints, Ints]:
    own, columns, begins = part
    if not len(own):
        nothing = np.empty((0, len(columns)))
        return own, nothing, nothing, nothing.astype(np.int64), np.empty(0, dtype=np.int64)
    absent = np.isnan(columns)
    missing = np.add.reduceat(absent, begins, axis=1, dtype=np.int64) if absent.any() else np.zeros((1, 1), np.int64)
    size = np.diff(begins, append=columns.shape[1])
    return (
        own,
        np.fmin.reduceat(columns, begins, axis=1).T,
        np.fmax.reduceat(columns, begins, axis=1).T,
        np.broadcast_to(missing.T, (len(own), len(columns))),
        size,
    )


def _sums_of(part: _Part, start: Floats, sign: Floats, shift: Floats, clean: bool) -> tuple[Ints, Floats, Floats]:
    own, distance, begins = part
    if not len(own):
        return own, np.empty((0, len(distance))), np.empty((0, len(distance)))
    size = np.diff(begins, append=distance.shape[1])
    if (sign < 0).any():
        distance *= sign[:, None]
    distance -= np.repeat((start * sign - shift)[own].T, size, axis=1)
    if not clean:
        np.fmax(distance, 0.0, out=distance)  # a missing value counts nothing
    logs = np.maximum(distance, _TINY, out=buffer(2, distance.shape))
    np.log(logs, out=logs)
    with np.errstate(over="ignore"):  # of a column that is too large and will be refused
        logs *= distance
    return own, np.add.reduceat(distance, begins, axis=1).T, np.add.reduceat(logs, begins, axis=1).T


def _each(
    values: Floats, group: Ints | None, groups: int, complete: bool, work: Callable[[_Part], tuple]
) -> Iterator[tuple]:
    """Yield the work on each chunk in order of the chunks, so that results do not depend on threads."""
    prepare = partial(_prepared, values, group, groups, complete)
    starts = range(0, len(values), CHUNK)
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in pool.map(lambda start: work(prepare(start)), starts):
            if len(done[0]):
                yield done


def _prepared(values: Floats, group: Ints | None, groups: int, complete: bool, start: int) -> _Part:
    """The rows that take part, by column and in order of their group."""
    rows = values[start : start + CHUNK]
    columns = buffer(0, rows.shape[::-1])
    np.copyto(columns, rows.T)
    own = np.zeros(len(rows), dtype=np.int64) if group is None else np.asarray(group[start : start + CHUNK])
    keep = own >= 0
    if complete:
        keep &= ~np.isnan(columns).any(axis=0)
    if group is not None:
        # 16 bits are sorted by counting
        order = np.argsort(own.astype(np.int16) if groups < 1 << 15 else own, kind="stable")
        order = order if keep.all() else order[keep[order]]
        shape = (len(columns), len(order))
        columns, own = np.take(columns, order, axis=1, out=buffer(1, shape), mode="clip"), own[order]
    elif not keep.all():
        columns, own = columns[:, keep], own[keep]
    begins = np.flatnonzero(np.diff(own, prepend=-1))
    return own[begins], columns, begins


def buffer(number: int, shape: tuple[int, int]) -> Floats:
    """Return scratch space of this thread: memory that is new for every chunk costs as much as the work on it."""
    size = shape[0] * shape[1]
    known = _scratch.__dict__.setdefault("buffers", {})
    if number not in known or known[number].size < size:
        known[number] = np.empty(size)
    return known[number][:size].reshape(shape)
