"""Results of scoring as Arrow tables, built by column; NaN leaves as NULL."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring import rank
from scoring.ideal import Codes, Ends
from scoring.scheme import GROUP_MEAN, IndicatorRule, Limit, Rule, Scheme
from scoring.score import REASONS, Block

CHUNK = 100_000  # units whose tables are made at a time: bounds their memory
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def component_table(scheme: Scheme, year: int, units: pa.Array, block: Block) -> pa.Table:
    """Return one row for each unit (n) and indicator (k) of a block, in the order of their codes.

    Behind them stands a row for each unit and adjustment: its points as contribution, of weight 0; and one for each
    unit and limit: what it takes back of them.
    """
    own = _indicator_rows(scheme, year, units, block)
    if not scheme.points_beside or block.adjustments is None:
        return own
    return pa.concat_tables([own, _adjustment_rows(scheme, year, units, block.adjustments)], promote_options="default")


def _adjustment_rows(scheme: Scheme, year: int, units: pa.Array, points: Floats) -> pa.Table:
    n, m = points.shape
    codes = pa.array([a.code for a in scheme.points_beside], pa.string())
    return pa.table(
        {
            "scale": _constant(scheme.scale, n * m),
            "unit_code": _pick(np.repeat(np.arange(n), m), units),
            "year": _year(year, n * m),
            "scheme_code": _constant(scheme.code, n * m),
            "scheme_version": _constant(scheme.version, n * m),
            "indicator_code": _pick(np.tile(np.arange(m), n), codes),
            "weight": _numbers(np.where(np.isnan(points), np.nan, 0.0)),
            "contribution": _numbers(points),
            "obstacle_degree": _numbers(np.zeros(n * m)),
            "imputed": pa.array(np.zeros(n * m, dtype=bool)),
        }
    )


def _indicator_rows(scheme: Scheme, year: int, units: pa.Array, block: Block) -> pa.Table:
    n, k = block.values.shape
    order, codes = scheme.by_code, pa.array([i.code for i in scheme.indicators], pa.string())
    figures = {
        "value": block.values,
        "ideal_value": block.ideals,
        "standardised": block.standardised,
        "weight": block.weights,
        "contribution": block.contributions,
        "obstacle_degree": block.obstacles,
    }
    return pa.table(
        {
            "scale": _constant(scheme.scale, n * k),
            "unit_code": _pick(np.repeat(np.arange(n), k), units),
            "year": _year(year, n * k),
            "scheme_code": _constant(scheme.code, n * k),
            "scheme_version": _constant(scheme.version, n * k),
            "indicator_code": _pick(np.tile(order, n), codes),
            **{name: _numbers(matrix[:, order]) for name, matrix in figures.items()},
            "imputed": pa.array(block.imputed[:, order].ravel()),
        }
    )


def score_table(
    scheme: Scheme,
    year: int,
    units: pa.Array,
    score: Floats,
    reason: NDArray[np.int8],
    group: Codes,
    district: Codes,
    veto: Ints | None = None,
) -> pa.Table:
    """Return one row for each unit (n) with score, grade and ranks; units that are not rated carry the reason.

    `veto` (n) is the index of the scheme's veto that holds, below 0 for none: it sets the grade of a rated unit and
    leaves score and ranks alone.
    """
    n = len(score)
    rated = ~np.isnan(score)
    in_city = rank.rank(score, ties=scheme.ties)
    in_group, size = rank.rank(score, group.index, scheme.ties), rank.group_size(score, group.index)
    by_group = scheme.grade_rule == "shares_in_group"
    grade = grades(scheme, score, in_group if by_group else in_city, size if by_group else np.full(n, rated.sum()))
    veto = np.where(rated, np.full(n, -1) if veto is None else veto, -1)
    grade = vetoed(scheme, grade, veto)
    reasons = pa.array([*REASONS[1:], *(r.code for r in scheme.not_rated)], pa.string())
    return pa.table(
        {
            "scale": _constant(scheme.scale, n),
            "unit_code": units,
            "year": _year(year, n),
            "scheme_code": _constant(scheme.code, n),
            "scheme_version": _constant(scheme.version, n),
            "score": _numbers(score),
            "grade": _pick(grade, pa.array([g.code for g in scheme.grades], pa.string())),
            "grade_name_zh": _pick(grade, pa.array([g.name_zh for g in scheme.grades], pa.string())),
            "rank_in_city": _places(in_city),
            "rank_in_district": _places(rank.rank(score, district.index, scheme.ties)),
            "rank_in_group": _places(in_group),
            "group_code": _pick(group.index, pa.array(group.names, pa.string())),
            "group_size": pa.array(size, pa.int64(), mask=group.index < 0),
            "rated": pa.array(rated),
            "not_rated_reason": _pick(reason.astype(np.int64) - 1, reasons),
            "veto_code": _pick(veto, pa.array([v.code for v in scheme.vetoes], pa.string())),
        }
    )


def vetoed(scheme: Scheme, grade: Ints, veto: Ints) -> Ints:
    """Return the grades (n) with those that a veto sets; `veto` (n) indexes the scheme's vetoes, below 0 for none."""
    order = [g.code for g in scheme.grades]
    set_by = np.array([*(order.index(v.grade) for v in scheme.vetoes), -1], dtype=np.int64)
    return np.where(veto >= 0, set_by[veto], grade)


def grades(scheme: Scheme, score: Floats, ranks: Ints, sizes: Ints) -> Ints:
    """Return the index of each unit's grade in `scheme.grades`, -1 without one."""
    if not scheme.grades:
        return np.full(len(score), -1, dtype=np.int64)
    if scheme.grade_rule == "bands":
        return rank.grade_by_bands(score, [g.min_score for g in scheme.grades])
    return rank.grade_by_shares(ranks, sizes, [g.max_share for g in scheme.grades])


def weight_table(schemes: tuple[Scheme, ...], year: int) -> pa.Table:
    """Return the weights of the schemes in use; the group of a weight is the scale that it holds for.

    An adjustment or a limit stands among them with the weight 0, so that every component has a row with its source.
    """
    rows = [(s, i) for s in schemes for i in (*s.indicators, *map(_as_indicator, s.points_beside))]
    columns = {
        "scheme_code": [s.code for s, _ in rows],
        "scheme_version": [s.version for s, _ in rows],
        "year": [year for _ in rows],
        "group_code": [s.scale for s, _ in rows],
        "indicator_code": [i.code for _, i in rows],
        "layer": [i.layer for _, i in rows],
        "weight": [i.weight for _, i in rows],
        "method": [i.weight_method for _, i in rows],
        "parameters": [_parameters(s) for s, _ in rows],
        "source": [i.weight_source for _, i in rows],
        "illustrative": [i.illustrative for _, i in rows],
    }
    return pa.table(columns, schema=WEIGHT)


def _as_indicator(rule: Rule | Limit) -> IndicatorRule:
    layer, method = "加减分", "adjustment"
    return IndicatorRule(
        rule.code,
        layer,
        0.0,
        method,
        "positive",
        None,
        None,
        method,
        f"{rule.name_zh}; {rule.source}",
        rule.illustrative,
    )


def data_ideal_table(scheme: Scheme, year: int, ends: Ends, group: Codes) -> pa.Table:
    """Return the ideal values that the data of each group give, with the ends of min_max in the method."""
    rows = [
        (name, scheme.indicators[j], float(ends.best[g, j]), float(ends.worst[g, j]))
        for g, name in enumerate(group.names)
        for j in np.flatnonzero(~np.isnan(ends.best[g]))
    ]
    columns = {
        "scheme_code": [scheme.code for _ in rows],
        "scheme_version": [scheme.version for _ in rows],
        "year": [year for _ in rows],
        "scope": [f"{scheme.scale}:{scheme.group_by}={name}" if scheme.group_by else scheme.scale for name, *_ in rows],
        "indicator_code": [i.code for _, i, *_ in rows],
        "ideal_value": [best for _, _, best, _ in rows],
        "method": [
            f"min_max {min(best, worst):.12g} to {max(best, worst):.12g}" if worst == worst else GROUP_MEAN
            for _, _, best, worst in rows
        ],
        "source": [i.weight_source for _, i, *_ in rows],
        "illustrative": [i.illustrative for _, i, *_ in rows],
    }
    return pa.table(columns, schema=IDEAL)


def ideal_table(schemes: tuple[Scheme, ...], year: int) -> pa.Table:
    """Return the ideal values that the schemes in use give; scope is the scale, or scale:column=code."""
    rows = [(s, i) for s in schemes for i in s.ideals if i.value == i.value]
    columns = {
        "scheme_code": [s.code for s, _ in rows],
        "scheme_version": [s.version for s, _ in rows],
        "year": [year for _ in rows],
        "scope": [f"{s.scale}:{i.scope_column}={i.scope_code}" if i.scope_column else s.scale for s, i in rows],
        "indicator_code": [i.indicator_code for _, i in rows],
        "ideal_value": [i.value for _, i in rows],
        "method": [i.method for _, i in rows],
        "source": [i.source for _, i in rows],
        "illustrative": [i.illustrative for _, i in rows],
    }
    return pa.table(columns, schema=IDEAL)


_SCHEME_YEAR = [("scheme_code", pa.string()), ("scheme_version", pa.string()), ("year", pa.int32())]
_UNIT = [("scale", pa.string()), ("unit_code", pa.string()), _SCHEME_YEAR[2], *_SCHEME_YEAR[:2]]
WEIGHT = pa.schema(
    [
        *_SCHEME_YEAR,
        ("group_code", pa.string()),
        ("indicator_code", pa.string()),
        ("layer", pa.string()),
        ("weight", pa.float64()),
        ("method", pa.string()),
        ("parameters", pa.string()),
        ("source", pa.string()),
        ("illustrative", pa.bool_()),
    ]
)
IDEAL = pa.schema(
    [
        *_SCHEME_YEAR,
        ("scope", pa.string()),
        ("indicator_code", pa.string()),
        ("ideal_value", pa.float64()),
        ("method", pa.string()),
        ("source", pa.string()),
        ("illustrative", pa.bool_()),
    ]
)
SCORE = pa.schema(
    [
        *_UNIT,
        ("score", pa.float64()),
        ("grade", pa.string()),
        ("grade_name_zh", pa.string()),
        ("rank_in_city", pa.int64()),
        ("rank_in_district", pa.int64()),
        ("rank_in_group", pa.int64()),
        ("group_code", pa.string()),
        ("group_size", pa.int64()),
        ("rated", pa.bool_()),
        ("not_rated_reason", pa.string()),
        ("veto_code", pa.string()),
    ]
)
COMPONENT = pa.schema(
    [
        *_UNIT,
        ("indicator_code", pa.string()),
        *((name, pa.float64()) for name in ("value", "ideal_value", "standardised", "weight", "contribution")),
        ("obstacle_degree", pa.float64()),
        ("imputed", pa.bool_()),
    ]
)


def _parameters(scheme: Scheme) -> str:
    rule = {"missing_rule": scheme.missing_rule, "min_present_weight": scheme.min_present_weight}
    return json.dumps(rule | {"full_marks": scheme.full_marks}, sort_keys=True)


def _numbers(values: Floats) -> pa.Array:
    flat = np.ascontiguousarray(values).ravel()
    return pa.array(flat, pa.float64(), mask=np.isnan(flat))


def _places(ranks: Ints) -> pa.Array:
    return pa.array(ranks, pa.int64(), mask=ranks <= 0)


def _pick(index: Ints, names: pa.Array) -> pa.DictionaryArray:
    """Names by index without a copy of the text for each row; below 0 is NULL."""
    return pa.DictionaryArray.from_arrays(pa.array(index, pa.int32(), mask=index < 0), names)


def _constant(text: str, rows: int) -> pa.DictionaryArray:
    return _pick(np.zeros(rows, dtype=np.int64), pa.array([text], pa.string()))


def _year(year: int, rows: int) -> pa.Array:
    return pa.array(np.full(rows, year), pa.int32())
