"""The units of a scale, read from the marts for one scheme, and which of its rules hold for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from landgauge.errors import ConfigurationError
from landgauge.sql import identifier
from scoring import condition
from scoring.ideal import Codes, encode
from scoring.scheme import Columns, Ratio, Rule, Scheme


@dataclass(frozen=True)
class Scale:
    """Where the units of a scale stand: facts with their key, and the dimension that has the attributes."""

    facts: str
    key: str
    dimension: str
    dimension_key: str

    @property
    def join(self) -> str:
        """The tables of the scale, for a year that is to be bound."""
        scale = f" and dimension.scale = '{self.dimension_scale}'" if self.dimension_scale else ""
        return (
            f"marts.{self.facts} as facts left join marts.{self.dimension} as dimension"
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


def known(con: duckdb.DuckDBPyConnection) -> dict[str, Columns]:
    """Return the columns that the marts have for each scale."""
    return {
        name: Columns(facts, facts | _columns(con, scale.dimension))
        for name, scale in SCALES.items()
        for facts in [_columns(con, scale.facts)]
    }


def read(con: duckdb.DuckDBPyConnection, year: int, scheme: Scheme, attributes: Collection[str]) -> Units:
    """Return the units of the scheme's scale in the year, with these attributes and the district."""
    scale = SCALES[scheme.scale]
    there = _columns(con, scale.dimension)
    wanted = sorted({*attributes, "district_code"})
    looked_at = sorted({r.column for r in scheme.rules})
    columns = [f"facts.{scale.key} as unit_code"]
    columns += [f"{_place(a, there)} as {identifier(f'attribute_{a}')}" for a in wanted]
    columns += [f"{_place(c, there)} as {identifier(f'column_{c}')}" for c in looked_at]
    columns += [f"{_value(scheme, i.code)} as value_{j}" for j, i in enumerate(scheme.indicators)]
    sql = f"select {', '.join(columns)} from {scale.join} order by unit_code"
    table = con.execute(sql, [year]).to_arrow_table()
    values = [table.column(f"value_{j}").to_numpy() for j in range(len(scheme.indicators))]
    return Units(
        codes=pa.array(table.column("unit_code").combine_chunks().cast(pa.string())),
        values=np.column_stack(values).astype(float),
        attributes={a: encode(table.column(f"attribute_{a}")) for a in wanted},
        columns={c: table.column(f"column_{c}") for c in looked_at},
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


def _value(scheme: Scheme, code: str) -> str:
    own: dict[str, Ratio] = {r.code: r for r in scheme.ratios}
    if code not in own:
        return f"cast(facts.{identifier(code)} as double)"
    above, below = (f"facts.{identifier(c)}" for c in (own[code].numerator, own[code].denominator))
    quotient = f"{own[code].factor!r} * cast({above} as double) / nullif(cast({below} as double), 0)"
    return f"(select case when isfinite(q) then q end from (select {quotient} as q))"


def _place(column: str, dimension: Collection[str]) -> str:
    return f"{'dimension' if column in dimension else 'facts'}.{identifier(column)}"


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    sql = "select column_name from information_schema.columns where table_schema = 'marts' and table_name = ?"
    return {row[0] for row in con.execute(sql, [table]).fetchall()}
