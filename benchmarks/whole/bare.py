"""All years of a generated city by a bare script: files in, the 14 tables of the indicator marts and scores out."""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks import marts_bare
from benchmarks.job import sql
from benchmarks.job.indicators import NAMES, SUMS
from benchmarks.whole import reading
from landgauge import policy, profile
from warehouse import db

_CITY = Path(profile.__file__).parent / "profiles" / "guangzhou"
_POLICY = {
    "profile.land_use": _CITY / "land_use.csv",
    "profile.industry": policy.POLICY / "industry.csv",
    "policy.energy_coefficient": policy.POLICY / "energy_coefficient.csv",
    "policy.unit": policy.POLICY / "unit.csv",
}
_TYPES = {
    **dict.fromkeys(("code", "parent_code", "edition", "unit"), "VARCHAR"),
    **dict.fromkeys(("valid_from_year", "valid_to_year", "level"), "INTEGER"),
}


def run(landing: Path, years: tuple[int, ...], folder: Path, memory: str, threads: int) -> list[int]:
    """Evaluate the years into `folder`/bare.duckdb and Parquet; returns those that were there already and stand."""
    config = {"threads": threads, "allow_unsigned_extensions": "true"} | ({"memory_limit": memory} if memory else {})
    with duckdb.connect(str(folder / "bare.duckdb"), config=config) as con:
        db.extensions(con)
        con.execute("set enable_progress_bar = false; create schema if not exists kept")
        con.execute("create table if not exists kept.done (year integer)")
        _known(con)
        reading.prepare(con, landing)
        done = [row[0] for row in con.execute("select year from kept.done order by year").fetchall()]
        for year in (year for year in years if year not in done):
            _year(con, landing, year, folder)
        return done


def _known(con: duckdb.DuckDBPyConnection) -> None:
    """Attach policy and profile where the marts' script looks for them."""
    con.execute("attach ':memory:' as work; create schema work.accepted")
    con.execute("create schema work.profile; create schema work.policy")
    for name, path in _POLICY.items():
        typed = ", ".join(f"'{column}': '{kind}'" for column, kind in _TYPES.items() if column in _header(path))
        con.execute(f"create table work.{name} as from read_csv('{path}', header = true, types = {{{typed}}})")


def _header(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").split("\n", 1)[0].strip().split(",")


def _year(con: duckdb.DuckDBPyConnection, landing: Path, year: int, folder: Path) -> None:
    for dataset in reading.DATASETS:
        reading.read(con, landing, dataset, year, folder / "utf8.csv")
    reading.correct(con, landing, year, folder / "utf8.csv")
    marts_bare.build(con, year)
    _score(con, year)
    _keep(con, year, folder)


def _score(con: duckdb.DuckDBPyConnection, year: int) -> None:
    """Entropy weights of the year's parcels, scores by the range, grades."""
    columns = ", ".join((*SUMS, *NAMES))
    con.execute(
        f"create or replace temp table parcel_year as select parcel_code, {year} as year, district_code, "
        f"area as site_area_m2, firms as enterprises, {columns} from marts.fct_parcel_year"
    )
    for name, question in (("ends", sql.ends()), ("weight", sql.weight())):
        con.execute(f"create or replace temp table {name} as {question}")
    con.execute(f"create or replace table marts.fct_score as {sql.score()}")
    con.execute("create or replace table marts.fct_weight as from weight")


def _keep(con: duckdb.DuckDBPyConnection, year: int, folder: Path) -> None:
    """Keep the year's tables beside those of the other years, as tables and as Parquet."""
    found = con.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
    con.execute("begin")
    for (table,) in found:
        con.execute(f"create table if not exists kept.{table} as from marts.{table} limit 0")
        con.execute(f"insert into kept.{table} by name from marts.{table}")
        (folder / "parquet" / table).mkdir(parents=True, exist_ok=True)
        target = folder / "parquet" / table / f"{year}.parquet"
        con.execute(f"copy marts.{table} to '{target}' (format parquet)")
    con.execute(f"insert into kept.done values ({year})")
    con.execute("commit")
