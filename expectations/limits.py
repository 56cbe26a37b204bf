"""Bounds of the warning expectations: data with a date, a source and a reason, in `suites/limits.yml`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from landgauge.errors import ConfigurationError

FILE = Path(__file__).parent / "suites" / "limits.yml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bound(_Strict):
    """Lowest and highest value that needs no look, since when, where from, and why."""

    low: float | None = None
    high: float | None = None
    since: date
    source: str
    reason: str
    illustrative: bool

    @model_validator(mode="after")
    def _bounds(self) -> Bound:
        if self.low is None and self.high is None:
            raise ValueError("a bound needs low or high")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class ColumnBound(Bound):
    """A bound of its own for one column, in place of the general one."""

    dataset: str
    column: str


class History(_Strict):
    """This year's figures against last year's.

    `also`: datasets that run over years but are handed in yearly; `placed`: datasets without a district of their own
    that are compared by the district of what they refer to.
    """

    also: tuple[str, ...] = ()
    placed: tuple[str, ...] = ()
    units: tuple[str, ...]
    min_rows: int = Field(ge=1)
    min_district_rows: int = Field(ge=1)
    rows_ratio: Bound
    total_ratio: Bound
    median_ratio: Bound
    null_share_rise: Bound
    zero_share_rise: Bound
    district_ratio: Bound
    own_total_ratio: tuple[ColumnBound, ...] = ()


class Quarantine(_Strict):
    """Share of a dataset's rows that one error rule, or one warning rule, may strike, from `min_rows` rows on.

    `rule_share_rise`: this year's share less last year's, of rules that strike at least `min_broken` rows.
    """

    min_rows: int = Field(ge=1)
    min_broken: int = Field(ge=1)
    rule_share: Bound
    rule_share_rise: Bound
    warning_share: Bound


class Ratio(Bound):
    """Total of one column over the total of another, each as `dataset.column`, of the evaluated year."""

    name: str
    name_zh: str
    numerator: str
    denominator: str


class IndustryFigure(Bound):
    """One enterprise's figure over another, columns of `operations`; the median over each division is bounded."""

    name: str
    name_zh: str
    numerator: str
    denominator: str


class Industries(_Strict):
    """Medians by division, from `min_rows` enterprises on that have the figure."""

    min_rows: int = Field(ge=1)
    median_ratio: Bound
    figures: tuple[IndustryFigure, ...]


class Quantile(Bound):
    """A quantile (p01, p50 or p99) of one column, as `dataset.column`."""

    name: str
    name_zh: str
    column: str
    quantile: str = Field(pattern="^p(01|50|99)$")


class Limits(_Strict):
    """Every bound of the gate's warning suites.

    `rows_limit`: a dataset of more rows is judged by its profile; `quantile_rows`: rows that its quantiles are from.
    """

    rows_limit: int = Field(ge=0)
    quantile_rows: int = Field(ge=1000)
    history: History
    quarantine: Quarantine
    industries: Industries
    ratios: tuple[Ratio, ...] = ()
    quantiles: tuple[Quantile, ...] = ()


def read_limits(path: Path = FILE) -> Limits:
    """Return the bounds. Raises ConfigurationError naming the key that is wrong."""
    try:
        return Limits.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"suites/{path.name}: {error}", "Correct the bounds of the gate.") from error
