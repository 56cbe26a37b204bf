"""What follows from scores as Arrow tables, built by column; NaN leaves as NULL with its reason beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.judging.change import NO_EFFECT_REASONS, Change
from scoring.judging.next_grade import NEXT_REASONS, NextGrade
from scoring.judging.scored import Named, Scored
from scoring.scheme import Scheme

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KEY = [
    ("scale", pa.string()),
    ("unit_code", pa.string()),
    ("year", pa.int32()),
    ("scheme_code", pa.string()),
    ("scheme_version", pa.string()),
]
NEXT_GRADE = pa.schema(
    [
        *KEY,
        ("indicator_code", pa.string()),
        ("next_grade", pa.string()),
        ("score", pa.float64()),
        ("needed_score", pa.float64()),
        ("value", pa.float64()),
        ("needed_value", pa.float64()),
        ("not_reached_reason", pa.string()),
    ]
)
CHANGE = pa.schema(
    [
        *KEY,
        ("score", pa.float64()),
        ("previous_score", pa.float64()),
        ("score_change", pa.float64()),
        ("data_effect", pa.float64()),
        ("ideal_effect", pa.float64()),
        ("weight_effect", pa.float64()),
        ("grade", pa.string()),
        ("previous_grade", pa.string()),
        ("previous_scheme_version", pa.string()),
        ("no_effect_reason", pa.string()),
        ("weight_group_code", pa.string()),
        ("compared", pa.bool_()),
        ("published_run_id", pa.string()),
    ]
)


def next_grade_table(scheme: Scheme, year: int, scored: Scored, found: NextGrade) -> pa.Table:
    """Return a row for each unit that has a next better grade and each indicator, in the order of their codes."""
    rows, order = np.flatnonzero(found.grade >= 0), scheme.by_code
    every, both = np.repeat(rows, len(order)), np.ix_(rows, order)
    columns = key(scheme, year, scored.codes, every) | {
        "indicator_code": pick(np.tile(order, len(rows)), [i.code for i in scheme.indicators]),
        "next_grade": pick(found.grade[every], [g.code for g in scheme.grades]),
        "score": numbers(scored.score[every]),
        "needed_score": numbers(found.score[every]),
        "value": numbers(scored.values[both].ravel()),
        "needed_value": numbers(found.value[both].ravel()),
        "not_reached_reason": pick(found.reason[both].ravel().astype(np.int64) - 1, NEXT_REASONS),
    }
    return pa.table(columns)


def change_table(
    named: Named, year: int, now: pa.Table, change: Change, before: pa.Table | None, run: str | None
) -> pa.Table:
    """Return a row for each unit; `before` has the same units a year earlier, None where nothing was scored then.

    Both have unit_code, score, grade and scheme_version, `now` also weight_group_code. `run` is the run of that year
    of the two which is published; None where neither is.
    """
    rows = np.arange(now.num_rows)
    score = now.column("score").to_numpy()
    previous = np.full(len(rows), np.nan) if before is None else before.column("score").to_numpy()
    known = change.reason == 0
    columns = key(named, year, now.column("unit_code").combine_chunks().cast(pa.string()), rows) | {
        "score": numbers(score),
        "previous_score": numbers(previous),
        "score_change": numbers(score - previous),
        "data_effect": numbers(np.where(known, change.data, np.nan)),
        "ideal_effect": numbers(np.where(known, change.ideal, np.nan)),
        "weight_effect": numbers(np.where(known, change.weight, np.nan)),
        "grade": _texts(now, "grade", len(rows)),
        "previous_grade": _texts(before, "grade", len(rows)),
        "previous_scheme_version": _texts(before, "scheme_version", len(rows)),
        "no_effect_reason": pick(change.reason.astype(np.int64) - 1, NO_EFFECT_REASONS),
        "weight_group_code": _texts(now, "weight_group_code", len(rows)),
        "compared": pa.array(np.full(len(rows), before is not None)),
        "published_run_id": pa.array([run] * len(rows), pa.string()),
    }
    return pa.table(columns)


def key(scheme: Scheme | Named, year: int, units: pa.Array, rows: Ints) -> dict[str, pa.Array]:
    """Return the key columns of these rows of the units."""
    nothing = np.zeros(len(rows), dtype=np.int64)
    return {
        "scale": pick(nothing, [scheme.scale]),
        "unit_code": pa.DictionaryArray.from_arrays(pa.array(rows, pa.int32()), units),
        "year": pa.array(np.full(len(rows), year), pa.int32()),
        "scheme_code": pick(nothing, [scheme.code]),
        "scheme_version": pick(nothing, [scheme.version]),
    }


def numbers(values: Floats) -> pa.Array:
    """Return numbers, NaN as NULL."""
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def pick(index: Ints, names: Sequence[str]) -> pa.DictionaryArray:
    """Return names by index without a copy of the text for each row; below 0 is NULL."""
    return pa.DictionaryArray.from_arrays(pa.array(index, pa.int32(), mask=index < 0), pa.array(names, pa.string()))


def _texts(table: pa.Table | None, column: str, rows: int) -> pa.Array:
    return pa.nulls(rows, pa.string()) if table is None else pc.cast(table.column(column), pa.string())
