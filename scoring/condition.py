"""Conditions on a column of a unit, as adjustments, vetoes and not-rated classes state them."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Bools = NDArray[np.bool_]

_ORDER = {"below": pc.less, "at_most": pc.less_equal, "at_least": pc.greater_equal, "above": pc.greater}
_TEXT = ("equals", "not_equals", "in", "not_in")
_PRESENCE = ("missing", "present")
YEARS = "years_below"
OPERATORS = (*_TEXT, *_ORDER, *_PRESENCE, YEARS)


def complaint(operator: str, threshold: str) -> str | None:
    """Return what is wrong with an operator of OPERATORS and its threshold, or None."""
    if operator not in OPERATORS:
        return f"operator must be one of {', '.join(OPERATORS)}, found {operator!r}"
    if (operator in _PRESENCE) == bool(threshold):
        return f"operator {operator} {'takes no' if threshold else 'needs a'} threshold"
    if (operator in _ORDER or operator == YEARS) and not _is_number(threshold):
        return f"operator {operator} needs a number as threshold, found {threshold!r}"
    return None


def holds(column: pa.ChunkedArray | pa.Array, operator: str, threshold: str, year: int) -> Bools:
    """Return for each of n units whether its cell fulfils the condition; an empty cell only fulfils `missing`.

    Text operators compare the cell as text (a boolean as true or false; `in` separates its values by |), the ordering
    ones as a number. `years_below` holds where `year` less the year of the cell, a date or a year, is below the
    threshold. Raises ValueError for an operator or a threshold that `complaint` refuses.
    """
    wrong = complaint(operator, threshold)
    if wrong:
        raise ValueError(wrong)
    if operator in _PRESENCE:
        found = pc.is_null(column) if operator == "missing" else pc.is_valid(column)
    elif operator in _TEXT:
        found = _as_text(column, operator, threshold)
    elif operator == YEARS:
        found = pc.less(pc.subtract(year, _years(column)), float(threshold))
    else:
        found = _ORDER[operator](_numbers(column), float(threshold))
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), dtype=bool)


def _as_text(column: pa.ChunkedArray | pa.Array, operator: str, threshold: str) -> pa.ChunkedArray | pa.Array:
    text = pc.cast(column, pa.string())
    wanted = pa.array(threshold.split("|") if operator in ("in", "not_in") else [threshold], pa.string())
    found = pc.if_else(pc.is_null(text), None, pc.is_in(text, value_set=wanted))
    return pc.invert(found) if operator.startswith("not_") else found


def _numbers(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    return pc.cast(column, pa.float64())


def _years(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    is_date = pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)
    return _numbers(pc.year(column) if is_date else column)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
