"""Ideal values and groups of units, looked up by the codes of their attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.scheme import IdealValue, Scheme

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
