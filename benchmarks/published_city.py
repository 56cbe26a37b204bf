"""A published file of any size from a small one: its rows again and again under other keys, and for further years.

Of the tables that the questions read, in the order in which they are published: by year, within it by key. The
figures are those of the small city, so that it serves to measure reading, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from landgauge.sql import literal
from warehouse import publish

LAST_YEAR = 2024
_KEYS = ("parcel_code", "uscc", "agreement_no", "unit_code")


@dataclass(frozen=True)
class Size:
    """How often each parcel and each enterprise of the small city stands in the large one, and how many years."""

    parcels: int
    enterprises: int
    years: int

    def copies(self, columns: list[str]) -> tuple[int, str]:
        """The copies of a table's rows, and which of them a row has: all, or by its scale those of one kind."""
        if "scale" in columns:
            kinds = f"when 'parcel' then {self.parcels} when 'enterprise' then {self.enterprises}"
            return max(self.parcels, self.enterprises), f"k < case scale {kinds} else 1 end"
        if "parcel_code" in columns or "agreement_no" in columns:
            return self.parcels, "true"
        return self.enterprises if "uscc" in columns else 1, "true"


def multiply(small: Path, large: Path, tables: frozenset[str], size: Size, memory_limit: str) -> None:
    """Write the large file; `small` is only read. Raises duckdb.Error where a table is not there."""
    with duckdb.connect(str(large), config={"memory_limit": memory_limit}) as con:
        con.execute(f"attach {literal(str(small))} as small (read_only)")
        con.execute("create schema marts")
        given = [year for (year,) in con.execute("select distinct year from small.marts.fct_run order by 1").fetchall()]
        for table in sorted(tables):
            con.execute(f"create table marts.{table} as from small.marts.{table} limit 0")
            for statement in _inserts(con, table, given, size):
                con.execute(statement)
        con.execute("detach small")


def _inserts(con: duckdb.DuckDBPyConnection, table: str, given: list[int], size: Size) -> Iterator[str]:
    columns = [name for name, *_ in con.execute(f"describe small.marts.{table}").fetchall()]
    mart = publish.registry().get(table, publish.Mart(table, ("year",), "year"))
    copies, has = size.copies(columns)
    changes = [_renamed(column, size) for column in columns if column in _KEYS]
    rows = f"from small.marts.{table}, range({copies}) as c (k) where {has}"
    order = ", ".join(mart.key)
    if mart.year_column is None:
        yield f"insert into marts.{table} {_select(changes)} {rows} order by {order}"
        return
    its_year = "year(as_of_date)" if mart.year_column == "as_of_date" else mart.year_column
    for year in range(LAST_YEAR - size.years + 1, LAST_YEAR + 1):
        taken = given[(year - LAST_YEAR - 1) % len(given)]
        moved = _select([*changes, *_moved(mart.year_column, columns, year - taken)])
        yield f"insert into marts.{table} {moved} {rows} and {its_year} = {taken} order by {order}"


def _select(changes: list[str]) -> str:
    return f"select * exclude (k) replace ({', '.join(changes)})" if changes else "select * exclude (k)"


def _renamed(column: str, size: Size) -> str:
    """The number of the copy stands behind the district, so that a district's units stay together."""
    number = f"k % {size.enterprises}" if column == "uscc" else "k"
    renamed = f"{column}[:6] || lpad(({number})::varchar, 3, '0') || {column}[7:]"
    if column == "unit_code":
        return f"if(scale in ('parcel', 'enterprise'), {renamed}, unit_code) as unit_code"
    return f"{renamed} as {column}"


def _moved(year: str, columns: list[str], by: int) -> list[str]:
    """A row's year, and with it the days of its calendar or the years of its forecast."""
    if year == "as_of_date":
        days = [name for name in ("as_of_date", "due_date", "basis_date", "done_date") if name in columns]
        return [f"({name} + to_years({by}))::date as {name}" for name in days]
    return [f"{name} + {by} as {name}" for name in dict.fromkeys((year, "year")) if name in columns]
