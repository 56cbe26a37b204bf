"""A city whose every published row says which run it is of, so that a mixed state shows at one look."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from landgauge.settings import Settings, year_end
from warehouse import db, kept
from warehouse.publish import publish

YEARS = (2023, 2024)
PARCELS = 200
# One row: the newest run of 2024, its number in both tables, how many rows of 2023 and 2024 stand, runs among them.
LOOK = (
    "select (select max(run_id) from {fct_run} where year = 2024) as run_id, "
    "(select max(site_area_m2) from {dim_parcel} where year = 2024) as area, "
    "(select sum(output_cny10k) / count(*) from {fct_parcel_year} where year = 2024) as output, "
    "(select count(*) from {dim_parcel}) as parcels, (select count(*) from {fct_parcel_year}) as parcel_years, "
    "(select count(distinct run_id) from {dim_parcel}) as runs"
)
IN_SNAPSHOT = LOOK.format(**{name: f"marts.{name}" for name in ("fct_run", "dim_parcel", "fct_parcel_year")})


def settings_for(folder: Path, year: int = 2024) -> Settings:
    return Settings(warehouse=folder, year=year, as_of=year_end(year), threads=1)


def build(settings: Settings, number: int) -> None:
    """The working marts of a run whose id is its number, and so are all its figures."""
    run = f"{number:016d}"
    with db.connect(settings) as con:
        for schema in ("run", "profile", "marts"):
            con.execute(f"create schema if not exists {schema}")
        con.execute(
            "create or replace table run.manifest as select ? as year, ? as run_id, ?::date as as_of_date, "
            "['s'] as schemes, 'i' as inputs_sha256, 'p' as policy_sha256, 'c' as code_sha256, null as git_sha, "
            "?::timestamp as started_at",
            [settings.year, run, settings.as_of, datetime(2025, 1, 1)],
        )
        con.execute("create or replace table profile.setting as select true as generated, ['x'] as notes")
        con.execute(
            "create or replace table marts.dim_parcel as select 'P' || i as parcel_code, ?::integer as year, "
            "?::double as site_area_m2, if(i % 50 = 0, null, st_aswkb(st_makeenvelope(113, 23, 113 + i / 1000, 24))) "
            "as geometry, ? as run_id from range(?) as t(i)",
            [settings.year, number, run, PARCELS],
        )
        con.execute("comment on column marts.dim_parcel.geometry is '图形, WKB, EPSG:4490'")
        con.execute(
            "create or replace table marts.fct_parcel_year as select parcel_code, year, site_area_m2, "
            "?::double as output_cny10k, run_id from marts.dim_parcel",
            [number],
        )


def publish_run(folder: Path, number: int, year: int = 2024) -> None:
    settings = settings_for(folder, year)
    build(settings, number)
    publish(settings)


def check(row: tuple[object, ...]) -> int:
    """The run's number; raises AssertionError where a look did not see exactly one state."""
    run_id, area, output, parcels, parcel_years, runs = row
    number = int(str(run_id))
    assert (area, output, parcels, parcel_years, runs) == (number, number, 2 * PARCELS, 2 * PARCELS, 2), row
    return number


def seen(folder: Path) -> tuple[int, int]:
    """The runs that the snapshot and the Parquet files show, each whole."""
    published = settings_for(folder).published
    with duckdb.connect(str(published.joinpath("current.duckdb").resolve()), read_only=True) as con:
        snapshot = check(con.execute(IN_SNAPSHOT).fetchone())
    with duckdb.connect() as con:
        root = kept.parquet_folder(settings_for(folder))
        files = {name: f"'{root}/{name}/*.parquet'" for name in ("fct_run", "dim_parcel", "fct_parcel_year")}
        return snapshot, check(con.execute(LOOK.format(**files)).fetchone())
