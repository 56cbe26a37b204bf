"""The job by a bare DuckDB script: the file typed as it is read, one where clause for all rules, plain sums, SQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from benchmarks.job import data, sql
from benchmarks.job.phases import Made, Phases

total = sql.plain_sum
# of a key's rows one stands; those beyond it are few
_SURPLUS = """
select r.rowid as place from raw as r join (
    select uscc, year, max(rowid) as kept from raw where {good} group by all having count(*) > 1
) as k on r.uscc = k.uscc and r.year = k.year and r.rowid <> k.kept"""


def open_file(folder: Path, memory: str, threads: int, name: str = "bare") -> duckdb.DuckDBPyConnection:
    """Open the result file of this engine; what a killed run left there is kept."""
    config = {"memory_limit": memory} if memory else {}
    con = duckdb.connect(str(folder / f"{name}.duckdb"), config=config | {"threads": threads})
    con.execute("set preserve_insertion_order = false")
    con.execute("create schema if not exists marts")
    return con


def parcels(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Read the parcels into the table `parcels`."""
    con.execute(f"create or replace table parcels as from {typed(path, data.PARCELS)} where site_area_m2 > 0")


def partition(con: duckdb.DuckDBPyConnection, path: Path, years: tuple[int, ...], phases: Phases) -> Made:
    """Make the scored parcels of the years of one file."""
    with phases("read"):
        con.execute(f"create or replace table raw as from {typed(path, data.ENTERPRISE_YEARS)}")
    return score(con, years, phases, sql.GOOD, total)


def score(
    con: duckdb.DuckDBPyConnection, years: tuple[int, ...], phases: Phases, good: str, total: Callable[[str], str]
) -> Made:
    """Make the scored parcels from the table `raw`, whose rows stand where they are `good`."""
    with phases("dedupe"):
        con.execute(f"create or replace temp table surplus as {_SURPLUS.format(good=good)}")
    with phases("indicators"):
        standing = f"(from raw where {good} and rowid not in (select place from surplus))"
        con.execute(f"create or replace temp table parcel_year as {sql.parcel_year(years, standing, total)}")
    with phases("score"):
        con.execute(f"create or replace temp table ends as {sql.ends()}")
        con.execute(f"create or replace temp table weight as {sql.weight()}")
    return Made(sql.score(), "from weight")


def typed(path: Path, columns: dict[str, str]) -> str:
    """Return SQL that reads a csv with these column types."""
    listed = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return f"read_csv('{path}', header = true, auto_detect = false, columns = {{{listed}}})"
