"""A scheme (评价方案) as data: indicators, weights, ideal values, adjustments, vetoes and grades of one scale."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from scoring import standardise
from scoring.scheme_cells import Row
from scoring.scheme_columns import SEEDS as SEEDS

Seeds = Mapping[str, Sequence[Row]]

GRADE_RULES = ("bands", "shares_in_group", "shares_in_city")
WHOLE_CITY = "all"
BONUS, DEDUCTION = "bonus", "deduction"  # points above 0, and below
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
class Limit:
    """The most points (above 0) that all bonuses of a unit, or all its deductions, may come to."""

    code: str
    name_zh: str
    kind: str
    most_points: float
    source: str
    illustrative: bool


@dataclass(frozen=True)
class DistrictWeight:
    """The weight that an indicator has in one district in the place of the scheme's."""

    district_code: str
    indicator_code: str
    weight: float
    source: str
    illustrative: bool


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
    limits: tuple[Limit, ...] = ()
    district_weights: tuple[DistrictWeight, ...] = ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """Columns of the unit that groups and scopes need."""
        return tuple(sorted({self.group_by, *(i.scope_column for i in self.ideals)} - {""}))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Adjustments, vetoes and not-rated classes, in this order."""
        return (*self.adjustments, *self.vetoes, *self.not_rated)

    @property
    def points_beside(self) -> tuple[Rule | Limit, ...]:
        """What gives or takes points beside the indicators, in the order of their components."""
        return (*self.adjustments, *self.limits)

    @property
    def by_code(self) -> list[int]:
        """The places of the indicators in the order of their codes, in which results are stored."""
        return sorted(range(len(self.indicators)), key=lambda place: self.indicators[place].code)

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
