"""The job by one of the two engines that keep a DuckDB file: a partition after the other, each finished one kept."""

from __future__ import annotations

import importlib
from pathlib import Path

import duckdb

from benchmarks import measure
from benchmarks.job import data, sql
from benchmarks.job.indicators import NAMES, NUMBERS
from benchmarks.job.phases import Made, Phases
from benchmarks.sizes import Size

_DOUBLES = ", ".join(f"{name} double" for name in NUMBERS)
_TABLES = f"""
create table if not exists marts.parcel_year (parcel_code varchar, year integer, district_code varchar,
    {_DOUBLES}, grade varchar);
create table if not exists marts.weight (year integer, {", ".join(f"w_{j} double" for j in range(len(NAMES)))});
create table if not exists marts.done (partition varchar)"""


def run(engine: str, size: Size, source: Path, folder: Path, memory: str, threads: int) -> measure.Figures:
    """Do what is not done yet of the files in `source`; returns seconds, those of the phases, and `resumed`."""
    figures: measure.Figures = {}
    phases = Phases()
    module = importlib.import_module(f"benchmarks.job.{engine}")
    with measure.timed(figures):
        con = module.open_file(folder, memory, threads)
        con.execute(_TABLES)
        done = {row[0] for row in con.execute("select partition from marts.done").fetchall()}
        with phases("parcels"):
            module.parcels(con, data.parcel_file(source))
        for (name, path), years in zip(data.enterprise_files(source, size).items(), size.files(), strict=True):
            if name not in done:
                made = module.partition(con, path, years, phases)
                with phases("keep"):
                    _keep(con, name, made)
                print(f"kept {name}", flush=True)
        with phases("roll_up"):
            con.execute(
                f"create or replace table marts.district_year as {sql.roll_up('marts.parcel_year', module.total)}"
            )
        con.close()
    return figures | {"phases": phases.seconds, "resumed": sorted(done)}


def _keep(con: duckdb.DuckDBPyConnection, name: str, made: Made) -> None:
    """Keep a finished partition, whole or not at all."""
    con.execute("begin")
    con.execute(f"insert into marts.parcel_year by name {made.scored}")
    con.execute(f"insert into marts.weight by name {made.weights}")
    con.execute(f"insert into marts.done values ('{name}')")  # a parameter would import pandas
    con.execute("commit")


def parquet(engine: str, folder: Path) -> None:
    """Write the results beside the file, as the other engines leave them: for the comparison, not measured."""
    with duckdb.connect(str(folder / f"{engine}.duckdb"), read_only=True) as con:
        for table in ("parcel_year", "weight", "district_year"):
            con.execute(f"copy marts.{table} to '{folder / table}.parquet' (format parquet)")
