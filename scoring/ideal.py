"""Ideal values and groups of units, looked up by the codes of their attributes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.scheme import IdealValue, Scheme
from scoring.standardise import MIN_MAX, POSITIVE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Codes:
    """A text column of n units as indexes into its sorted distinct values; -1 where it is missing."""

    index: Ints
    names: tuple[str, ...]

    def slice(self, start: int, stop: int) -> Codes:
        """Return the same for a part of the units."""
        return Codes(self.index[start:stop], self.names)


@dataclass(frozen=True)
class Ends:
    """Ideal values and ends that the data of each group give (groups + 1, k); the last row is for units without one.

    NaN where the scheme gives the ideal value, or the group has no value from which to take it.
    """

    best: Floats
    worst: Floats

    def apply(self, ideals: Floats, group: Ints) -> tuple[Floats, Floats]:
        """Return ideal values and worst ends (n, k) of units of these groups."""
        return np.where(np.isnan(ideals), self.best[group], ideals), self.worst[group]


def encode(column: pa.ChunkedArray | pa.Array) -> Codes:
    """Return the codes of a column; a boolean column counts as the text true or false."""
    text = pc.cast(column, pa.string())
    names = pc.unique(text).drop_null().sort()
    index = pc.fill_null(pc.index_in(text, value_set=names), -1)
    return Codes(np.asarray(index.to_numpy(), dtype=np.int64), tuple(names.to_pylist()))


def one_group(units: int, name: str) -> Codes:
    """Return codes that put every unit into the same group."""
    return Codes(np.zeros(units, dtype=np.int64), (name,))


def ideal_matrix(scheme: Scheme, attributes: Mapping[str, Codes], units: int) -> Floats:
    """Return the ideal value (n, k) of each unit and indicator; NaN where no scope holds the unit.

    Of several scopes that hold a unit the one with the higher precedence counts.
    """
    result = np.full((units, len(scheme.indicators)), np.nan)
    for j, indicator in enumerate(scheme.indicators):
        own = [i for i in scheme.ideals if i.indicator_code == indicator.code]
        for level in sorted({i.precedence for i in own}):
            _apply(result[:, j], [i for i in own if i.precedence == level], attributes)
    return result


def _apply(column: Floats, ideals: list[IdealValue], attributes: Mapping[str, Codes]) -> None:
    """Overwrite, in place, the units that the scopes of one kind hold."""
    if not ideals[0].scope_column:
        column[:] = ideals[0].value
        return
    codes = attributes[ideals[0].scope_column]
    values = {i.scope_code: i.value for i in ideals}
    table = np.array([*(values.get(name, np.nan) for name in codes.names), np.nan])
    found = table[codes.index]
    held = ~np.isnan(found)
    column[held] = found[held]


def ends(scheme: Scheme, values: Floats, group: Ints, groups: int) -> Ends:
    """Return what the data give: the ends of min_max that are not given, and ideal values of the method group_mean.

    `values` (n, k) of all units, `group` (n) their group, below 0 for units that do not count. The mean of a group
    counts only above 0, since a ratio to anything else has no meaning.
    """
    shape = (groups + 1, len(scheme.indicators))
    result = Ends(np.full(shape, np.nan), np.full(shape, np.nan))
    for j, indicator in enumerate(scheme.indicators):
        if indicator.standardisation == MIN_MAX:
            low, high = _least(values[:, j], group, groups, 1), _least(values[:, j], group, groups, -1)
            low = low if indicator.low is None else np.full(groups + 1, indicator.low)
            high = high if indicator.high is None else np.full(groups + 1, indicator.high)
            positive = indicator.direction == POSITIVE
            result.best[:, j], result.worst[:, j] = (high, low) if positive else (low, high)
        elif any(np.isnan(i.value) for i in scheme.ideals if i.indicator_code == indicator.code):
            result.best[:, j] = _mean(values[:, j], group, groups)
    return result


def _least(value: Floats, group: Ints, groups: int, sign: int) -> Floats:
    """Least (sign 1) or greatest (-1) value of each group; NaN without one."""
    there = ~np.isnan(value) & (group >= 0)
    result = np.full(groups + 1, np.inf)
    np.minimum.at(result, group[there], sign * value[there])
    return np.where(np.isinf(result), np.nan, sign * result)


def _mean(value: Floats, group: Ints, groups: int) -> Floats:
    """Mean of each group, where it is above 0: the same whatever the order of the units."""
    result = np.full(groups + 1, np.nan)
    there = np.flatnonzero(~np.isnan(value) & (group >= 0))
    there = there[np.argsort(group[there], kind="stable")]
    numbers, starts = np.unique(group[there], return_index=True)
    for number, rows in zip(numbers, np.split(there, starts[1:]), strict=False):  # nothing there gives one empty part
        mean = math.fsum(value[rows]) / len(rows)
        result[number] = mean if mean > 0 else np.nan
    return result
