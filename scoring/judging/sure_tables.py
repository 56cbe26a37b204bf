"""How sure scores are and what else could be thought of them, as Arrow tables, built by column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.judging.scored import Scored
from scoring.judging.stability import Stability
from scoring.judging.tables import KEY, key, numbers, pick
from scoring.judging.topsis import NO_OPINION_REASONS, Opinion
from scoring.judging.uncertainty import Bounds, LeftOut, StabilitySettings, Sureness
from scoring.scheme import Scheme

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HANGS_ON = ("weights", "data", "weights_and_data", "together")
NOTHING_ELSE = "nothing_else"

STABILITY = pa.schema(
    [
        *KEY,
        ("rank_p05", pa.int64()),
        ("rank_p95", pa.int64()),
        ("grade_probability", pa.float64()),
        ("consequence_probability", pa.float64()),
        ("data_score_p05", pa.float64()),
        ("data_score_p95", pa.float64()),
        ("data_rank_p05", pa.int64()),
        ("data_rank_p95", pa.int64()),
        ("data_grade_probability", pa.float64()),
        ("data_consequence_probability", pa.float64()),
        ("joint_rank_p05", pa.int64()),
        ("joint_rank_p95", pa.int64()),
        ("joint_grade_probability", pa.float64()),
        ("joint_consequence_probability", pa.float64()),
        ("missing_low", pa.float64()),
        ("missing_high", pa.float64()),
        ("grade_low", pa.string()),
        ("grade_high", pa.string()),
        ("flag", pa.bool_()),
        ("hangs_on", pa.string()),
        ("draws", pa.int64()),
        ("data_draws", pa.int64()),
        ("illustrative", pa.bool_()),
    ]
)
LEFT_OUT = pa.schema(
    [
        *KEY,
        ("indicator_code", pa.string()),
        ("score", pa.float64()),
        ("score_without", pa.float64()),
        ("rank_without", pa.int64()),
        ("grade", pa.string()),
        ("grade_without", pa.string()),
        ("grade_changes", pa.bool_()),
        ("consequence_changes", pa.bool_()),
        ("no_score_reason", pa.string()),
    ]
)
OPINION = pa.schema(
    [
        *KEY,
        ("score", pa.float64()),
        ("closeness", pa.float64()),
        ("closeness_rank", pa.int64()),
        ("score_rank", pa.int64()),
        ("rank_difference", pa.int64()),
        ("no_closeness_reason", pa.string()),
    ]
)
AGREEMENT = pa.schema(
    [
        *(field for field in KEY if field[0] != "unit_code"),
        ("units", pa.int64()),
        ("units_compared", pa.int64()),
        ("indicators", pa.int64()),
        ("rank_correlation", pa.float64()),
        ("no_correlation_reason", pa.string()),
    ]
)


def stability_table(
    scheme: Scheme,
    year: int,
    scored: Scored,
    found: Sureness,
    bounds: Bounds,
    chosen: StabilitySettings,
    illustrative: bool,
) -> pa.Table:
    """Return a row for each rated unit; `illustrative` says whether a setting or an error of the data is."""
    rows = np.flatnonzero(~np.isnan(scored.score))
    hangs = hangs_on(found, chosen.flag_below)[rows]
    names = [g.code for g in scheme.grades]
    columns = key(scheme, year, scored.codes, rows)
    for source, drawn in (("", found.weights), ("data_", found.data), ("joint_", found.joint)):
        columns |= _drawn(source, drawn, rows)
    columns |= {
        "data_score_p05": numbers(found.data.mean_low[rows]),
        "data_score_p95": numbers(found.data.mean_high[rows]),
        "missing_low": numbers(bounds.low[rows]),
        "missing_high": numbers(bounds.high[rows]),
        "grade_low": pick(bounds.grade_low[rows], names),
        "grade_high": pick(bounds.grade_high[rows], names),
        "flag": pa.array(hangs >= 0, pa.bool_(), mask=scored.grade[rows] < 0),
        "hangs_on": pick(hangs, HANGS_ON),
        "draws": pa.array(np.full(len(rows), found.draws), pa.int64()),
        "data_draws": pa.array(np.full(len(rows), found.data_draws), pa.int64()),
        "illustrative": pa.array(np.full(len(rows), illustrative)),
    }
    return pa.table(columns)


def _drawn(source: str, found: Stability, rows: Ints) -> dict[str, pa.Array]:
    return {
        f"{source}rank_p05": pa.array(found.rank_low[rows], pa.int64()),
        f"{source}rank_p95": pa.array(found.rank_high[rows], pa.int64()),
        f"{source}grade_probability": numbers(found.grade_probability[rows]),
        f"{source}consequence_probability": numbers(found.same_consequence[rows]),
    }


def hangs_on(found: Sureness, below: float) -> Ints:
    """Return for each unit (n) what the consequence of its grade hangs on, as an index into HANGS_ON; -1 for nothing.

    It hangs on a source where the share of its draws with the same consequences is below the limit: on the weights,
    the data, each of them, or only on both drawn together.
    """
    weights, data, joint = (s.same_consequence < below for s in (found.weights, found.data, found.joint))
    return np.where(weights & data, 2, np.where(weights, 0, np.where(data, 1, np.where(joint, 3, -1))))


def left_out_table(scheme: Scheme, year: int, scored: Scored, without: LeftOut, consequence: Ints) -> pa.Table:
    """Return a row for each rated unit and indicator, in their order: score, city rank and grade without it.

    `consequence` has a class of what follows for each grade, and last one for no grade.
    """
    rated, order = np.flatnonzero(~np.isnan(scored.score)), scheme.by_code
    rows, names = np.repeat(rated, len(order)), [g.code for g in scheme.grades]
    score, ranks, grade = (m[np.ix_(rated, order)].ravel() for m in (without.score, without.rank, without.grade))
    own, gone = scored.grade[rows], np.isnan(score)
    unknown = gone | (own < 0)
    columns = key(scheme, year, scored.codes, rows) | {
        "indicator_code": pick(np.tile(order, len(rated)), [i.code for i in scheme.indicators]),
        "score": numbers(scored.score[rows]),
        "score_without": numbers(score),
        "rank_without": pa.array(ranks, pa.int64(), mask=gone),
        "grade": pick(own, names),
        "grade_without": pick(grade, names),
        "grade_changes": pa.array(grade != own, pa.bool_(), mask=unknown),
        "consequence_changes": pa.array(consequence[grade] != consequence[own], pa.bool_(), mask=unknown),
        "no_score_reason": pick(np.where(gone, 0, -1), [NOTHING_ELSE]),
    }
    return pa.table(columns)


def opinion_table(scheme: Scheme, year: int, scored: Scored, found: Opinion) -> pa.Table:
    """Return a row for each unit of the scale: the closeness of TOPSIS and its rank beside that of the score."""
    rows = np.arange(len(scored.score))
    nothing = found.reason > 0
    columns = key(scheme, year, scored.codes, rows) | {
        "score": numbers(scored.score),
        "closeness": numbers(found.closeness),
        "closeness_rank": pa.array(found.rank, pa.int64(), mask=nothing),
        "score_rank": pa.array(found.score_rank, pa.int64(), mask=nothing),
        "rank_difference": pa.array(found.rank - found.score_rank, pa.int64(), mask=nothing),
        "no_closeness_reason": pick(found.reason.astype(np.int64) - 1, NO_OPINION_REASONS),
    }
    return pa.table(columns)


def agreement_table(scheme: Scheme, year: int, found: Opinion) -> pa.Table:
    """Return one row: how far the two orders agree."""
    columns = key(scheme, year, pa.array([""]), np.zeros(1, dtype=np.int64)) | {
        "units": pa.array([len(found.reason)], pa.int64()),
        "units_compared": pa.array([int((found.reason == 0).sum())], pa.int64()),
        "indicators": pa.array([found.indicators], pa.int64()),
        "rank_correlation": numbers(np.array([found.agreement])),
        "no_correlation_reason": pick(np.array([found.no_agreement - 1]), NO_OPINION_REASONS),
    }
    return pa.table({name: column for name, column in columns.items() if name != "unit_code"})
