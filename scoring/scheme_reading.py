"""Schemes read from their seeds: rows of text in, validated schemes out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from scoring import condition, rank, scheme_checks, standardise, weights
from scoring.scheme import (
    BONUS,
    DEDUCTION,
    GRADE_RULES,
    GROUP_MEAN,
    PUBLISHED,
    PUBLISHED_TOLERANCE,
    Columns,
    DistrictWeight,
    Grade,
    IdealValue,
    IndicatorRule,
    Limit,
    Ratio,
    Rule,
    Scheme,
    Seeds,
)
from scoring.scheme_cells import Row, SchemeError, at, flag, number, one_of, order
from scoring.scheme_columns import SEEDS, placed
from scoring.scheme_versions import scales, version_of


def select(
    seeds: Seeds,
    codes: Iterable[str],
    year: int,
    directions: Mapping[str, str],
    known: Mapping[str, Columns] | None = None,
) -> tuple[Scheme, ...]:
    """Return the schemes named, in the version for the year, one for each scale that they have.

    `seeds` holds the rows of SEEDS as text, in the order of their files (a seed that is left out has no rows);
    `directions` is the indicator catalogue's positive or negative by code; `known` the columns of each scale that can
    be scored. Raises SchemeError for an unknown code, a year without a version, weights that do not sum to 1, and
    anything else that cannot be scored with.
    """
    rows = placed(seeds)
    chosen = [version_of(rows["scheme"], code, year) for code in dict.fromkeys(codes)]
    return tuple(build(rows, version, scale, directions, known) for version in chosen for scale in scales(version))


def build(
    seeds: Seeds, version: Row, scale: str, directions: Mapping[str, str], known: Mapping[str, Columns] | None = None
) -> Scheme:
    """Return one version of a scheme at one scale from rows with their places; arguments and errors as in `select`."""
    code, number = version["scheme_code"], version["scheme_version"]
    name = f"scheme {code} {number}, scale {scale}"
    if known is not None and scale not in known:
        raise SchemeError(f"{at(version, name)}: unknown scale; scales: {', '.join(known)}")
    rows = {seed: _of(seeds[seed], code, number, scale) for seed in SEEDS[1:]}
    if len(rows["scheme_scale"]) != 1:
        count = len(rows["scheme_scale"])
        raise SchemeError(f"{at(version, name)}: needs one row in scheme_scale, found {count}")
    rule = rows["scheme_scale"][0]
    own = {row["indicator_code"]: row["direction"] for row in rows["scheme_ratio"]}
    scheme = Scheme(
        code=code,
        version=number,
        scale=scale,
        **_scale_rules(rule, at(rule, name)),
        indicators=_normalised([_indicator(r, directions | own, name) for r in rows["scheme_indicator"]]),
        ideals=tuple(_ideal(r, name) for r in rows["scheme_ideal_value"]),
        grades=tuple(_grade(r, name) for r in sorted(rows["scheme_grade"], key=lambda r: order(r, "grade_order"))),
        ratios=tuple(_ratio(r, name) for r in rows["scheme_ratio"]),
        adjustments=_rules(rows["scheme_adjustment"], "adjustment_code", name),
        vetoes=_rules(rows["scheme_veto"], "veto_code", name),
        not_rated=_rules(rows["scheme_not_rated"], "not_rated_reason", name),
        limits=tuple(_limit(r, at(r, name)) for r in rows["scheme_adjustment_limit"]),
        district_weights=tuple(_district_weight(r, name) for r in rows["scheme_district_weight"]),
    )
    scheme_checks.check(scheme, rows, name)
    if known is not None:
        scheme_checks.check_columns(scheme, rows, name, known[scale])
    return scheme


def _of(rows: Sequence[Row], code: str, version: str, scale: str) -> list[Row]:
    return [r for r in rows if (r["scheme_code"], r["scheme_version"], r["scale"]) == (code, version, scale)]


def _scale_rules(row: Row, name: str) -> dict:
    return {
        "group_by": row["group_by"],
        "missing_rule": one_of(row["missing_rule"], weights.RULES, f"{name}: missing_rule"),
        "min_present_weight": number(row["min_present_weight"], f"{name}: min_present_weight"),
        "ties": one_of(row["ties"], rank.TIES, f"{name}: ties"),
        "grade_rule": one_of(row["grade_rule"], GRADE_RULES, f"{name}: grade_rule"),
        "full_marks": number(row["full_marks"], f"{name}: full_marks"),
    }


def _indicator(row: Row, directions: Mapping[str, str], name: str) -> IndicatorRule:
    what = f"{at(row, name)}, indicator {row['indicator_code']}"
    if row["indicator_code"] not in directions:
        raise SchemeError(f"{what}: unknown indicator, neither in the catalogue nor in scheme_ratio")
    direction = row["direction"] or directions[row["indicator_code"]]
    given = {c: number(row[c], f"{what}: {c}") if row.get(c) else None for c in ("cap", "floor", "low", "high")}
    return IndicatorRule(
        code=row["indicator_code"],
        layer=row["layer"],
        weight=number(row["weight"], f"{what}: weight"),
        standardisation=one_of(row["standardisation"], standardise.NAMES, f"{what}: standardisation"),
        direction=one_of(direction, (standardise.POSITIVE, standardise.NEGATIVE), f"{what}: direction"),
        weight_method=row["weight_method"],
        weight_source=row["weight_source"],
        illustrative=flag(row["illustrative"], what),
        floor_share=number(row["floor_share"], f"{what}: floor_share") if row.get("floor_share") else 0.0,
        **given,
    )


def _normalised(indicators: list[IndicatorRule]) -> tuple[IndicatorRule, ...]:
    """Divide published weights by their sum where it differs from 1 by no more than their last digits."""
    total = math.fsum(i.weight for i in indicators)
    published = all(i.weight_method == PUBLISHED for i in indicators)
    if not published or not weights.TOLERANCE < abs(total - 1.0) <= PUBLISHED_TOLERANCE:
        return tuple(indicators)
    return tuple(replace(i, weight=i.weight / total) for i in indicators)


def _ideal(row: Row, name: str) -> IdealValue:
    what = f"{at(row, name)}, ideal value of {row['indicator_code']}"
    from_data = row["method"] == GROUP_MEAN
    if from_data and row["ideal_value"]:
        raise SchemeError(f"{what}: {GROUP_MEAN} is taken from the data, so ideal_value must be empty")
    return IdealValue(
        indicator_code=row["indicator_code"],
        scope_column=row["scope_column"],
        scope_code=row["scope_code"],
        precedence=order(row, "precedence"),
        value=math.nan if from_data else number(row["ideal_value"], f"{what}: ideal_value"),
        method=row["method"],
        source=row["source"],
        illustrative=flag(row["illustrative"], what),
    )


def _grade(row: Row, name: str) -> Grade:
    what = f"{at(row, name)}, grade {row['grade']}"
    lowest = number(row["min_score"], f"{what}: min_score") if row["min_score"] else -math.inf
    share = number(row["max_share"], f"{what}: max_share") if row["max_share"] else 1.0
    return Grade(row["grade"], row["name_zh"], lowest, share)


def _ratio(row: Row, name: str) -> Ratio:
    what = f"{at(row, name)}, indicator {row['indicator_code']}"
    factor = number(row["factor"], f"{what}: factor") if row["factor"] else 1.0
    if factor <= 0:
        raise SchemeError(f"{what}: factor must lie above 0, found {row['factor']!r}")
    return Ratio(row["indicator_code"], row["name_zh"], row["numerator_column"], row["denominator_column"], factor)


def _limit(row: Row, what: str) -> Limit:
    kind = one_of(row["points_kind"], (BONUS, DEDUCTION), f"{what}: points_kind")
    most = number(row["most_points"], f"{what}: most_points")
    if most <= 0 or not row["limit_code"]:
        raise SchemeError(f"{what}: most_points must lie above 0, and limit_code must not be empty")
    return Limit(row["limit_code"], row["name_zh"], kind, most, row["source"], flag(row["illustrative"], what))


def _district_weight(row: Row, name: str) -> DistrictWeight:
    what = f"{at(row, name)}, district {row['district_code']!r}, indicator {row['indicator_code']}"
    return DistrictWeight(
        district_code=row["district_code"],
        indicator_code=row["indicator_code"],
        weight=number(row["weight"], f"{what}: weight"),
        source=row["weight_source"],
        illustrative=flag(row["illustrative"], what),
    )


def _rules(rows: Sequence[Row], code: str, name: str) -> tuple[Rule, ...]:
    return tuple(_rule(r, r[code], at(r, name)) for r in sorted(rows, key=lambda r: order(r, "rule_order")))


def _rule(row: Row, code: str, what: str) -> Rule:
    wrong = condition.complaint(row["operator"], row["threshold"])
    if wrong or not code:
        raise SchemeError(f"{what}: {wrong or 'a code is missing'}")
    return Rule(
        code=code,
        name_zh=row["name_zh"],
        column=row["column_name"],
        operator=row["operator"],
        threshold=row["threshold"],
        source=row["source"],
        illustrative=flag(row["illustrative"], what),
        points=number(row["points"], f"{what}: points") if "points" in row else 0.0,
        grade=row.get("grade", ""),
    )
