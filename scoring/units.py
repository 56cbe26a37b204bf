"""The units of a scale, as one scheme asks the marts for them, and which of its rules hold for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from landgauge.errors import ConfigurationError
from landgauge.sql import identifier
from scoring import condition
from scoring.ideal import Codes, encode
from scoring.scheme import Columns, Rule, Scheme


@dataclass(frozen=True)
class Scale:
    """Where the units of a scale stand: facts with their key, and the dimension that has the attributes."""

    facts: str
    key: str
    dimension: str
    dimension_key: str

    def join(self, marts: str) -> str:
        """The tables of the scale in schema `marts`, for a year that is to be bound."""
        scale = f" and dimension.scale = '{self.dimension_scale}'" if self.dimension_scale else ""
        return (
            f"{marts}.{self.facts} as facts left join {marts}.{self.dimension} as dimension"
            f" on dimension.{self.dimension_key} = facts.{self.key} and dimension.year = facts.year{scale}"
            " where facts.year = ?"
        )

    @property
    def dimension_scale(self) -> str:
        """The scale among those that dim_unit holds, or an empty text."""
        return self.key.removesuffix("_code") if self.dimension == "dim_unit" else ""


SCALES = {
    "parcel": Scale("fct_parcel_year", "parcel_code", "dim_parcel", "parcel_code"),
    "enterprise": Scale("fct_enterprise_year", "uscc", "dim_enterprise", "uscc"),
    "block": Scale("fct_block_year", "block_code", "dim_block", "block_code"),
    "zone": Scale("fct_zone_year", "zone_code", "dim_zone", "zone_code"),
    "district": Scale("fct_district_year", "district_code", "dim_unit", "unit_code"),
    "city": Scale("fct_city_year", "city_code", "dim_unit", "unit_code"),
}


@dataclass(frozen=True)
class Units:
    """The units of one scale in key order.

    codes, values (n, k), the attributes that groups and scopes need, and the columns that the scheme's rules look at.
    """

    codes: pa.Array
    values: NDArray[np.float64]
    attributes: dict[str, Codes]
    columns: dict[str, pa.ChunkedArray]


def known(columns: Callable[[str], set[str]]) -> dict[str, Columns]:
    """Return the columns that each scale has, by what the engine knows of those of a mart."""
    return {
        name: Columns(facts, facts | columns(scale.dimension))
        for name, scale in SCALES.items()
        for facts in [columns(scale.facts)]
    }


def question(scheme: Scheme, attributes: Collection[str], dimension: Collection[str], marts: str = "marts") -> str:
    """Return the SQL, the same for DuckDB and Spark, that asks schema `marts` for what `of_table` takes.

    `dimension` are the columns of the scale's dimension: an attribute that facts have, too, is taken from there. The
    year is to be bound.
    """
    scale = SCALES[scheme.scale]
    columns = [f"facts.{scale.key} as unit_code"]
    columns += [f"{_place(a, dimension)} as {identifier(f'attribute_{a}')}" for a in _wanted(attributes)]
    columns += [
        f"{_place(c, dimension)} as {identifier(f'column_{c}')}" for c in sorted({r.column for r in scheme.rules})
    ]
    columns += [f"cast(facts.{identifier(c)} as double) as {identifier(f'fact_{c}')}" for c in _facts(scheme)]
    return f"select {', '.join(columns)} from {scale.join(marts)} order by unit_code"


def of_table(table: pa.Table, scheme: Scheme, attributes: Collection[str]) -> Units:
    """Return the units of the rows that the question gave."""
    facts = {c: table.column(f"fact_{c}").to_numpy() for c in _facts(scheme)}
    return Units(
        codes=pa.array(table.column("unit_code").combine_chunks().cast(pa.string())),
        values=np.column_stack([_value(scheme, i.code, facts) for i in scheme.indicators]).astype(float),
        attributes={a: encode(table.column(f"attribute_{a}")) for a in _wanted(attributes)},
        columns={c: table.column(f"column_{c}") for c in sorted({r.column for r in scheme.rules})},
    )


def first_that_holds(rules: tuple[Rule, ...], units: Units, year: int) -> NDArray[np.int64]:
    """Return the index of the first rule that holds for each unit, -1 where none does.

    Raises ConfigurationError for an operator that cannot compare its column, as does `points`.
    """
    result = np.full(len(units.codes), -1, dtype=np.int64)
    for number, held in reversed(list(enumerate(_held(rules, units, year)))):
        result[held] = number
    return result


def points(scheme: Scheme, units: Units, year: int) -> NDArray[np.float64]:
    """Return the points (n, m) of the scheme's adjustments, 0 where one does not hold."""
    result = np.zeros((len(units.codes), len(scheme.adjustments)))
    for number, held in enumerate(_held(scheme.adjustments, units, year)):
        result[held, number] = scheme.adjustments[number].points
    return result


def _held(rules: tuple[Rule, ...], units: Units, year: int) -> list[NDArray[np.bool_]]:
    return [_holds(rule, units, year) for rule in rules]


def _holds(rule: Rule, units: Units, year: int) -> NDArray[np.bool_]:
    try:
        return condition.holds(units.columns[rule.column], rule.operator, rule.threshold, year)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ConfigurationError(
            f"rule {rule.code}: {rule.operator} cannot compare the column {rule.column}",
            "Take an operator that fits the column: docs/schemes.md.",
        ) from error


def _wanted(attributes: Collection[str]) -> list[str]:
    return sorted({*attributes, "district_code"})


def _facts(scheme: Scheme) -> list[str]:
    """The columns of the facts that the scheme's indicators are made from."""
    own = {r.code: (r.numerator, r.denominator) for r in scheme.ratios}
    return sorted({column for i in scheme.indicators for column in own.get(i.code, (i.code,))})


def _value(scheme: Scheme, code: str, facts: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """An indicator's values (n): a fact, or the scheme's own ratio of two; missing where there is no quotient."""
    own = {r.code: r for r in scheme.ratios}
    if code not in own:
        return facts[code]
    above, below = facts[own[code].numerator], facts[own[code].denominator]
    with np.errstate(all="ignore"):
        quotient = own[code].factor * above / np.where(below == 0, np.nan, below)
    return np.where(np.isfinite(quotient), quotient, np.nan)


def _place(column: str, dimension: Collection[str]) -> str:
    return f"{'dimension' if column in dimension else 'facts'}.{identifier(column)}"
