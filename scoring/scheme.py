"""A scheme (评价方案) as data: indicators, weights, ideal values, adjustments, vetoes and grades of one scale."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from scoring import condition, rank, standardise, weights
from scoring.scheme_cells import Row, SchemeError, at, flag, number, one_of, order, place, with_places

Seeds = Mapping[str, Sequence[Row]]

SEEDS = (
    "scheme",
    "scheme_scale",
    "scheme_indicator",
    "scheme_ideal_value",
    "scheme_grade",
    "scheme_ratio",
    "scheme_adjustment",
    "scheme_veto",
    "scheme_not_rated",
)
GRADE_RULES = ("bands", "shares_in_group", "shares_in_city")
WHOLE_CITY = "all"
PUBLISHED, GROUP_MEAN = "published", "group_mean"  # a weight method, and the ideal value that the data of a group give
PUBLISHED_TOLERANCE = 1e-3  # printed weight trees differ from their parents by the rounding of their last digit


@dataclass(frozen=True)
class IndicatorRule:
    """How one indicator counts: weight of the whole, standardisation and its bounds, and where the weight is from.

    `low`, `high` and `floor_share` belong to min_max: given ends (None: those of the group's data), and what the
    worst end earns.
    """

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
    low: float | None = None
    high: float | None = None
    floor_share: float = 0.0


@dataclass(frozen=True)
class IdealValue:
    """An ideal value (理想值) for the units whose `scope_column` holds `scope_code`; both empty: for all units.

    The value is NaN under the method group_mean: the mean of the unit's group takes its place.
    """

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
class Ratio:
    """An indicator of the scheme's own: factor x numerator / denominator, both columns of the unit's facts."""

    code: str
    name_zh: str
    numerator: str
    denominator: str
    factor: float


@dataclass(frozen=True)
class Rule:
    """What follows where a condition on a column of the unit holds: points, a grade (veto), or no rating."""

    code: str
    name_zh: str
    column: str
    operator: str
    threshold: str
    source: str
    illustrative: bool
    points: float = 0.0
    grade: str = ""


@dataclass(frozen=True)
class Scheme:
    """One version of a scheme at one scale (parcel, enterprise, block, zone, district, city)."""

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
    ratios: tuple[Ratio, ...] = ()
    adjustments: tuple[Rule, ...] = ()
    vetoes: tuple[Rule, ...] = ()
    not_rated: tuple[Rule, ...] = ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """Columns of the unit that groups and scopes need."""
        return tuple(sorted({self.group_by, *(i.scope_column for i in self.ideals)} - {""}))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Adjustments, vetoes and not-rated classes, in this order."""
        return (*self.adjustments, *self.vetoes, *self.not_rated)

    @property
    def needs_ends(self) -> bool:
        """Whether some ideal value or end is taken from the data of the group."""
        return any(i.standardisation == standardise.MIN_MAX for i in self.indicators) or any(
            math.isnan(i.value) for i in self.ideals
        )


@dataclass(frozen=True)
class Columns:
    """What the units of a scale have: columns of their facts, and all columns (facts and attributes)."""

    facts: Collection[str]
    all: Collection[str]


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
    placed = with_places(seeds, SEEDS)
    chosen = [version_of(placed["scheme"], code, year) for code in dict.fromkeys(codes)]
    return tuple(build(placed, version, scale, directions, known) for version in chosen for scale in scales(version))


def version_of(schemes: Sequence[Row], code: str, year: int) -> Row:
    """Return the row of the version that is valid in the year.

    Before a scheme's first year the version whose `applied_back_to_year` reaches the year is taken: the years before a
    measure can then be compared with it. Raises SchemeError naming the code and what is shipped, or versions that
    hold in the same year.
    """
    of_code = [r for r in schemes if r["scheme_code"] == code]
    if not of_code:
        shipped = ", ".join(sorted({r["scheme_code"] for r in schemes}))
        raise SchemeError(f"unknown scheme {code!r}; shipped: {shipped}")
    check_validity(of_code)
    valid = [r for r in of_code if _first(r) <= year <= _last(r)]
    valid = valid or [
        r for r in of_code if r["applied_back_to_year"] and int(r["applied_back_to_year"]) <= year <= _last(r)
    ]
    if valid:
        return min(valid, key=lambda r: (_first(r), r["scheme_version"]))
    spans = ", ".join(f"{r['scheme_version']}: {r['valid_from_year']}-{r['valid_to_year']}" for r in of_code)
    raise SchemeError(f"scheme {code!r} has no version for {year}; shipped: {spans}")


def check_validity(versions: Sequence[Row]) -> None:
    """Hold the versions of one scheme against each other. Raises SchemeError where two hold in the same year."""
    for row in versions:
        _years(row)
    ordered = sorted(versions, key=_first)
    for before, after in itertools.pairwise(ordered):
        if _first(after) <= _last(before):
            places = " and ".join(place(r) or f"version {r['scheme_version']}" for r in (before, after))
            raise SchemeError(f"scheme {after['scheme_code']}: versions overlap in their validity: {places}")


def scales(version: Row) -> tuple[str, ...]:
    """Return the scales of a version, as its comma-separated cell names them."""
    return split(version["scales"])


def split(text: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated cell."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _years(version: Row) -> None:
    for column in ("valid_from_year", "valid_to_year", "applied_back_to_year"):
        if version[column] and not version[column].isdecimal():
            raise SchemeError(f"{place(version)}: {column} must be a year, found {version[column]!r}")
    if _first(version) > _last(version):
        raise SchemeError(f"{place(version)}: valid_to_year lies before valid_from_year")


def _first(version: Row) -> float:
    return int(version["valid_from_year"]) if version["valid_from_year"] else -math.inf


def _last(version: Row) -> float:
    return int(version["valid_to_year"]) if version["valid_to_year"] else math.inf


def build(
    seeds: Seeds, version: Row, scale: str, directions: Mapping[str, str], known: Mapping[str, Columns] | None = None
) -> Scheme:
    """Return one version of a scheme at one scale from rows with their places; arguments and errors as in `select`."""
    try:
        return _build(seeds, version, scale, directions, known)
    except KeyError as error:
        name = f"scheme {version['scheme_code']} {version['scheme_version']}, scale {scale}"
        raise SchemeError(f"{name}: its seeds lack the column {error}") from error


def _build(
    seeds: Seeds, version: Row, scale: str, directions: Mapping[str, str], known: Mapping[str, Columns] | None
) -> Scheme:
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
    )
    _check(scheme, rows, name)
    if known is not None:
        _check_columns(scheme, rows, name, known[scale])
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
    return Ratio(row["indicator_code"], row["name_zh"], row["numerator_column"], row["denominator_column"], factor)


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


def _check(scheme: Scheme, rows: Mapping[str, Sequence[Row]], name: str) -> None:
    """Hold a scheme against the rules that single cells cannot show."""
    own = rows["scheme_indicator"]
    if not own:
        raise SchemeError(f"{at(rows['scheme_scale'][0], name)}: no indicator in scheme_indicator")
    total = math.fsum(i.weight for i in scheme.indicators)
    if abs(total - 1.0) > weights.TOLERANCE:
        raise SchemeError(f"{name}: weights sum to {total:.12g}, not 1 ({place(own[0])} and on)")
    codes = [*(i.code for i in scheme.indicators), *(a.code for a in scheme.adjustments)]
    if len(set(codes)) != len(codes) or min(i.weight for i in scheme.indicators) < 0:
        raise SchemeError(f"{at(own[0], name)} and on: an indicator stands twice, or a weight is below 0")
    if not 0 <= scheme.min_present_weight <= 1 or scheme.full_marks <= 0:
        raise SchemeError(
            f"{at(rows['scheme_scale'][0], name)}: min_present_weight must lie in 0 to 1 and full_marks above 0"
        )
    for indicator, row in zip(scheme.indicators, own, strict=True):
        _check_indicator(scheme, indicator, f"{at(row, name)}, indicator {indicator.code}")
    for row in rows["scheme_ideal_value"]:
        if row["indicator_code"] not in codes:
            raise SchemeError(
                f"{at(row, name)}: ideal value of {row['indicator_code']}, which the scheme does not have"
            )
    _check_grades(scheme, rows, name)


def _check_grades(scheme: Scheme, rows: Mapping[str, Sequence[Row]], name: str) -> None:
    bounds = [g.min_score if scheme.grade_rule == "bands" else -g.max_share for g in scheme.grades]
    if any(later >= earlier for earlier, later in itertools.pairwise(bounds)):
        where = at(rows["scheme_grade"][0], name)
        raise SchemeError(f"{where} and on: grades must stand best first, with falling scores or rising shares")
    for row in rows["scheme_veto"]:
        if row["grade"] not in {g.code for g in scheme.grades}:
            raise SchemeError(f"{at(row, name)}: the scheme has no grade {row['grade']!r}")


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


def _check_columns(scheme: Scheme, rows: Mapping[str, Sequence[Row]], name: str, known: Columns) -> None:
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
