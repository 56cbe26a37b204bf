"""A scheme (评价方案) as data: indicators, weights, ideal values, missing-data rule, groups and grades of one scale."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scoring import rank, standardise, weights

Row = Mapping[str, str]
Seeds = Mapping[str, Sequence[Row]]

SEEDS = ("scheme", "scheme_scale", "scheme_indicator", "scheme_ideal_value", "scheme_grade")
GRADE_RULES = ("bands", "shares_in_group", "shares_in_city")
WHOLE_CITY = "all"


class SchemeError(ValueError):
    """A scheme that is not there or does not add up; the message names the scheme and what is wrong."""


@dataclass(frozen=True)
class IndicatorRule:
    """How one indicator counts: weight of the whole, standardisation and its bounds, and where the weight is from."""

    code: str
    layer: str
    weight: float
    standardisation: str
    direction: str
    cap: float | None
    floor: float | None
    weight_method: str
    weight_source: str
    illustrative: bool


@dataclass(frozen=True)
class IdealValue:
    """An ideal value (理想值) for the units whose `scope_column` holds `scope_code`; both empty: for all units."""

    indicator_code: str
    scope_column: str
    scope_code: str
    precedence: int
    value: float
    method: str
    source: str
    illustrative: bool


@dataclass(frozen=True)
class Grade:
    """A grade, best first: reached from `min_score` on (bands), or up to a cumulative share of the ranks (shares)."""

    code: str
    name_zh: str
    min_score: float
    max_share: float


@dataclass(frozen=True)
class Scheme:
    """One version of a scheme at one scale (parcel, enterprise)."""

    code: str
    version: str
    scale: str
    group_by: str
    missing_rule: str
    min_present_weight: float
    ties: str
    grade_rule: str
    full_marks: float
    indicators: tuple[IndicatorRule, ...]
    ideals: tuple[IdealValue, ...]
    grades: tuple[Grade, ...]

    @property
    def attributes(self) -> tuple[str, ...]:
        """Columns of the unit that groups and scopes need."""
        return tuple(sorted({self.group_by, *(i.scope_column for i in self.ideals)} - {""}))


def select(seeds: Seeds, codes: Iterable[str], year: int, directions: Mapping[str, str]) -> tuple[Scheme, ...]:
    """Return the schemes named, in the version for the year, one for each scale that they have.

    `seeds` holds the rows of SEEDS as text; `directions` is the indicator catalogue's positive or negative by code.
    Raises SchemeError for an unknown code, a year without a version, weights that do not sum to 1, and anything else
    that cannot be scored with.
    """
    return tuple(
        _scheme(seeds, version, scale, directions)
        for code in dict.fromkeys(codes)
        for version in [version_of(seeds["scheme"], code, year)]
        for scale in split(version["scales"])
    )


def version_of(schemes: Sequence[Row], code: str, year: int) -> Row:
    """Return the row of the version that is valid in the year; where several are, the one that came last.

    Before a scheme's first year the version whose `applied_back_to_year` reaches the year is taken: the years before a
    measure can then be compared with it. Raises SchemeError naming the code and what is shipped.
    """
    of_code = [r for r in schemes if r["scheme_code"] == code]
    if not of_code:
        shipped = ", ".join(sorted({r["scheme_code"] for r in schemes}))
        raise SchemeError(f"unknown scheme {code!r}; shipped: {shipped}")
    valid = [r for r in of_code if _first(r) <= year <= _last(r)]
    valid = valid or [
        r for r in of_code if r["applied_back_to_year"] and int(r["applied_back_to_year"]) <= year <= _last(r)
    ]
    if valid:
        return max(valid, key=lambda r: (_first(r), r["scheme_version"]))
    spans = ", ".join(f"{r['scheme_version']}: {r['valid_from_year']}-{r['valid_to_year']}" for r in of_code)
    raise SchemeError(f"scheme {code!r} has no version for {year}; shipped: {spans}")


def split(text: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated cell."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _first(version: Row) -> float:
    return int(version["valid_from_year"]) if version["valid_from_year"] else -math.inf


def _last(version: Row) -> float:
    return int(version["valid_to_year"]) if version["valid_to_year"] else math.inf


def _scheme(seeds: Seeds, version: Row, scale: str, directions: Mapping[str, str]) -> Scheme:
    code, number = version["scheme_code"], version["scheme_version"]
    name = f"scheme {code} {number}, scale {scale}"
    rows = {seed: _of(seeds[seed], code, number, scale) for seed in SEEDS[1:]}
    if len(rows["scheme_scale"]) != 1:
        raise SchemeError(f"{name}: needs one row in scheme_scale, found {len(rows['scheme_scale'])}")
    rule = rows["scheme_scale"][0]
    scheme = Scheme(
        code=code,
        version=number,
        scale=scale,
        group_by=rule["group_by"],
        missing_rule=_one_of(rule["missing_rule"], weights.RULES, f"{name}: missing_rule"),
        min_present_weight=_number(rule["min_present_weight"], f"{name}: min_present_weight"),
        ties=_one_of(rule["ties"], rank.TIES, f"{name}: ties"),
        grade_rule=_one_of(rule["grade_rule"], GRADE_RULES, f"{name}: grade_rule"),
        full_marks=_number(rule["full_marks"], f"{name}: full_marks"),
        indicators=tuple(_indicator(r, directions, name) for r in rows["scheme_indicator"]),
        ideals=tuple(_ideal(r, name) for r in rows["scheme_ideal_value"]),
        grades=tuple(_grade(r, name) for r in sorted(rows["scheme_grade"], key=lambda r: int(r["grade_order"]))),
    )
    _check(scheme, name)
    return scheme


def _of(rows: Sequence[Row], code: str, version: str, scale: str) -> list[Row]:
    return [r for r in rows if (r["scheme_code"], r["scheme_version"], r["scale"]) == (code, version, scale)]


def _indicator(row: Row, directions: Mapping[str, str], name: str) -> IndicatorRule:
    what = f"{name}, indicator {row['indicator_code']}"
    direction = row["direction"] or directions.get(row["indicator_code"], "")
    return IndicatorRule(
        code=row["indicator_code"],
        layer=row["layer"],
        weight=_number(row["weight"], f"{what}: weight"),
        standardisation=_one_of(row["standardisation"], tuple(standardise.METHODS), f"{what}: standardisation"),
        direction=_one_of(direction, (standardise.POSITIVE, standardise.NEGATIVE), f"{what}: direction"),
        cap=_number(row["cap"], f"{what}: cap") if row["cap"] else None,
        floor=_number(row["floor"], f"{what}: floor") if row["floor"] else None,
        weight_method=row["weight_method"],
        weight_source=row["weight_source"],
        illustrative=_flag(row["illustrative"], what),
    )


def _ideal(row: Row, name: str) -> IdealValue:
    what = f"{name}, ideal value of {row['indicator_code']}"
    return IdealValue(
        indicator_code=row["indicator_code"],
        scope_column=row["scope_column"],
        scope_code=row["scope_code"],
        precedence=int(_number(row["precedence"], f"{what}: precedence")),
        value=_number(row["ideal_value"], f"{what}: ideal_value"),
        method=row["method"],
        source=row["source"],
        illustrative=_flag(row["illustrative"], what),
    )


def _grade(row: Row, name: str) -> Grade:
    what = f"{name}, grade {row['grade']}"
    lowest = _number(row["min_score"], f"{what}: min_score") if row["min_score"] else -math.inf
    share = _number(row["max_share"], f"{what}: max_share") if row["max_share"] else 1.0
    return Grade(row["grade"], row["name_zh"], lowest, share)


def _check(scheme: Scheme, name: str) -> None:
    """Hold a scheme against the rules that single cells cannot show."""
    codes = [i.code for i in scheme.indicators]
    total = math.fsum(i.weight for i in scheme.indicators)
    if abs(total - 1.0) > weights.TOLERANCE:
        raise SchemeError(f"{name}: weights sum to {total:.12g}, not 1")
    if len(set(codes)) != len(codes) or min(i.weight for i in scheme.indicators) < 0:
        raise SchemeError(f"{name}: an indicator stands twice, or a weight is below 0")
    if not 0 <= scheme.min_present_weight <= 1 or scheme.full_marks <= 0:
        raise SchemeError(f"{name}: min_present_weight must lie in 0 to 1 and full_marks above 0")
    for indicator in scheme.indicators:
        _check_indicator(scheme, indicator, f"{name}, indicator {indicator.code}")
    bounds = [g.min_score if scheme.grade_rule == "bands" else -g.max_share for g in scheme.grades]
    if any(later >= earlier for earlier, later in itertools.pairwise(bounds)):
        raise SchemeError(f"{name}: grades must stand best first, with falling scores or rising shares")


def _check_indicator(scheme: Scheme, indicator: IndicatorRule, name: str) -> None:
    if indicator.direction == standardise.NEGATIVE and indicator.cap is None:
        raise SchemeError(f"{name}: less is better needs a cap, since a value of 0 has no finite ratio")
    if indicator.standardisation == "reverse_linear" and indicator.direction != standardise.NEGATIVE:
        raise SchemeError(f"{name}: reverse_linear is for negative indicators")
    if indicator.cap is not None and indicator.floor is not None and indicator.floor > indicator.cap:
        raise SchemeError(f"{name}: floor {indicator.floor} is above cap {indicator.cap}")
    own = [i for i in scheme.ideals if i.indicator_code == indicator.code]
    if not own or any(i.value <= 0 for i in own):
        raise SchemeError(f"{name}: needs an ideal value above 0")
    keys = {(i.scope_column, i.scope_code) for i in own}
    if len(keys) != len(own) or len({(i.precedence, i.scope_column) for i in own}) != len({i.precedence for i in own}):
        raise SchemeError(f"{name}: an ideal value's scope stands twice, or two kinds of scope share a precedence")


def _number(cell: str, what: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SchemeError(f"{what} must be a number, found {cell!r}")
    return value


def _flag(cell: str, what: str) -> bool:
    return _one_of(cell, ("true", "false"), f"{what}: illustrative") == "true"


def _one_of(cell: str, allowed: Sequence[str], what: str) -> str:
    if cell not in allowed:
        raise SchemeError(f"{what} must be one of {', '.join(allowed)}, found {cell!r}")
    return cell
