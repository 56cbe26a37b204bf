"""What single cells of a scheme cannot show: whether its rows fit together and its columns exist."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from scoring import districts, standardise, weights
from scoring.scheme import Columns, IdealValue, IndicatorRule, Scheme
from scoring.scheme_cells import Row, SchemeError, at, place


def check(scheme: Scheme, rows: Mapping[str, Sequence[Row]], name: str) -> None:
    """Hold a scheme against the rules that single cells cannot show."""
    own = rows["scheme_indicator"]
    if not own:
        raise SchemeError(f"{at(rows['scheme_scale'][0], name)}: no indicator in scheme_indicator")
    total = math.fsum(i.weight for i in scheme.indicators)
    if abs(total - 1.0) > weights.TOLERANCE:
        raise SchemeError(f"{name}: weights sum to {total:.12g}, not 1 ({place(own[0])} and on)")
    codes = [*(i.code for i in scheme.indicators), *(a.code for a in scheme.points_beside)]
    if len(set(codes)) != len(codes) or min(i.weight for i in scheme.indicators) < 0:
        raise SchemeError(f"{at(_culprit(rows), name)} and on: an indicator stands twice, or a weight is below 0")
    if not 0 <= scheme.min_present_weight <= 1 or scheme.full_marks <= 0:
        raise SchemeError(
            f"{at(rows['scheme_scale'][0], name)}: min_present_weight must lie in 0 to 1 and full_marks above 0"
        )
    for row in rows["scheme_ideal_value"]:
        _check_scope(scheme, row, name)
    for indicator, row in zip(scheme.indicators, own, strict=True):
        _check_indicator(scheme, indicator, f"{at(row, name)}, indicator {indicator.code}")
    _check_limits(scheme, rows, name)
    _check_districts(scheme, rows, name)
    _check_grades(scheme, rows, name)


def _culprit(rows: Mapping[str, Sequence[Row]]) -> Row:
    """The first indicator, adjustment or limit that stands for the second time, or whose weight is below 0."""
    seen: set[str] = set()
    columns = {
        "scheme_indicator": "indicator_code",
        "scheme_adjustment": "adjustment_code",
        "scheme_adjustment_limit": "limit_code",
    }
    for seed, column in columns.items():
        for row in rows[seed]:
            if row[column] in seen or (seed == "scheme_indicator" and float(row["weight"]) < 0):
                return row
            seen.add(row[column])
    return rows["scheme_indicator"][0]


def _check_scope(scheme: Scheme, row: Row, name: str) -> None:
    what = f"{at(row, name)}: ideal value of {row['indicator_code']}"
    if row["indicator_code"] not in {i.code for i in scheme.indicators}:
        raise SchemeError(f"{what}, which the scheme does not have")
    if bool(row["scope_column"]) != bool(row["scope_code"]):
        raise SchemeError(f"{what}: scope_column and scope_code must both be given, or both be empty")
    scoped = [i.precedence for i in scheme.ideals if i.indicator_code == row["indicator_code"] and i.scope_column]
    if not row["scope_column"] and scoped and float(row["precedence"]) >= min(scoped):
        raise SchemeError(f"{what}: the one for all units needs a precedence below that of every scope")


def _check_limits(scheme: Scheme, rows: Mapping[str, Sequence[Row]], name: str) -> None:
    kinds = [limit.kind for limit in scheme.limits]
    for number, row in enumerate(rows["scheme_adjustment_limit"]):
        if kinds[number] in kinds[:number]:
            raise SchemeError(f"{at(row, name)}: a second limit of {kinds[number]} points")


def _check_districts(scheme: Scheme, rows: Mapping[str, Sequence[Row]], name: str) -> None:
    """Weights of a district: known indicators, once each, none below 0, and with what is kept of the sum 1."""
    own = {i.code for i in scheme.indicators}
    seen: set[tuple[str, str]] = set()
    for row, found in zip(rows["scheme_district_weight"], scheme.district_weights, strict=True):
        what = f"{at(row, name)}: weight of {found.indicator_code} in district {found.district_code!r}"
        if found.indicator_code not in own:
            raise SchemeError(f"{what}, an indicator that the scheme does not have")
        if not found.district_code or found.weight < 0 or (found.district_code, found.indicator_code) in seen:
            raise SchemeError(f"{what}: needs a district, stands twice, or is below 0")
        seen.add((found.district_code, found.indicator_code))
    for district in districts.districts(scheme):
        total = math.fsum(i.weight for i in districts.of_district(scheme, district).indicators)
        if abs(total - 1.0) > weights.TOLERANCE:
            first = next(r for r in rows["scheme_district_weight"] if r["district_code"] == district)
            raise SchemeError(f"{at(first, name)} and on: weights of district {district} sum to {total:.12g}, not 1")


def _check_grades(scheme: Scheme, rows: Mapping[str, Sequence[Row]], name: str) -> None:
    _check_reach(scheme, rows["scheme_grade"], name)
    bounds = [g.min_score if scheme.grade_rule == "bands" else -g.max_share for g in scheme.grades]
    if any(later >= earlier for earlier, later in itertools.pairwise(bounds)):
        where = at(rows["scheme_grade"][0], name)
        raise SchemeError(f"{where} and on: grades must stand best first, with falling scores or rising shares")
    for row in rows["scheme_veto"]:
        if row["grade"] not in {g.code for g in scheme.grades}:
            raise SchemeError(f"{at(row, name)}: the scheme has no grade {row['grade']!r}")


def _check_reach(scheme: Scheme, rows: Sequence[Row], name: str) -> None:
    """Each grade stands once, and by shares the last one reaches the last rank."""
    codes = [r["grade"] for r in rows]
    for number, row in enumerate(rows):
        if not row["grade"] or row["grade"] in codes[:number]:
            raise SchemeError(f"{at(row, name)}: grade {row['grade']!r} is empty or stands twice")
    shares = [g.max_share for g in scheme.grades]
    if scheme.grade_rule != "bands" and (not shares or shares[-1] != 1.0 or shares[0] <= 0):
        where = at(rows[-1], name) if rows else name
        raise SchemeError(f"{where}: cumulative shares must begin above 0 and end with 1")


def _check_indicator(scheme: Scheme, indicator: IndicatorRule, name: str) -> None:
    negative = indicator.direction == standardise.NEGATIVE
    if indicator.standardisation == "target_ratio" and negative and indicator.cap is None:
        raise SchemeError(f"{name}: less is better needs a cap, since a value of 0 has no finite ratio")
    if indicator.standardisation == "reverse_linear" and not negative:
        raise SchemeError(f"{name}: reverse_linear is for negative indicators")
    if indicator.cap is not None and indicator.floor is not None and indicator.floor > indicator.cap:
        raise SchemeError(f"{name}: floor {indicator.floor} is above cap {indicator.cap}")
    own = [i for i in scheme.ideals if i.indicator_code == indicator.code]
    if indicator.standardisation == standardise.MIN_MAX:
        _check_ends(indicator, own, name)
        return
    lowest_allowed = indicator.standardisation == "limit"
    if not own or any(i.value < 0 or (i.value == 0 and not lowest_allowed) for i in own):
        raise SchemeError(f"{name}: needs an ideal value above 0 in scheme_ideal_value")
    keys = {(i.scope_column, i.scope_code) for i in own}
    if len(keys) != len(own) or len({(i.precedence, i.scope_column) for i in own}) != len({i.precedence for i in own}):
        raise SchemeError(f"{name}: an ideal value's scope stands twice, or two kinds of scope share a precedence")


def _check_ends(indicator: IndicatorRule, ideals: list[IdealValue], name: str) -> None:
    if ideals:
        raise SchemeError(f"{name}: min_max has ends and takes no ideal value")
    if indicator.low is not None and indicator.high is not None and indicator.low >= indicator.high:
        raise SchemeError(f"{name}: low {indicator.low} must lie below high {indicator.high}")
    if not 0 <= indicator.floor_share < 1:
        raise SchemeError(f"{name}: floor_share must lie from 0 to below 1, found {indicator.floor_share}")


def check_columns(scheme: Scheme, rows: Mapping[str, Sequence[Row]], name: str, known: Columns) -> None:
    """Refuse indicators, attributes and columns of conditions that the units of the scale do not have."""
    ratios = {r.code for r in scheme.ratios}
    wanted = [
        (r, r["indicator_code"], known.facts) for r in rows["scheme_indicator"] if r["indicator_code"] not in ratios
    ]
    wanted += [(r, r[c], known.facts) for r in rows["scheme_ratio"] for c in ("numerator_column", "denominator_column")]
    wanted += [(r, r["scope_column"], known.all) for r in rows["scheme_ideal_value"] if r["scope_column"]]
    wanted += [(r, r["group_by"], known.all) for r in rows["scheme_scale"] if r["group_by"]]
    for seed in ("scheme_adjustment", "scheme_veto", "scheme_not_rated"):
        wanted += [(r, r["column_name"], known.all) for r in rows[seed]]
    for row, column, there in wanted:
        if column not in there:
            raise SchemeError(f"{at(row, name)}: the marts have no column {column!r} at this scale")
