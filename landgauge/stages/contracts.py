"""The contracts stage: evidence of every evaluated year beside the working one, then the dbt layer `contracts`.

The contract tables hold the whole history as known by the newest published year. Evaluating an older year brings its
evidence in, so they are built once more as that newest year sees them; only the calendar is the older year's own.
"""

from __future__ import annotations

from datetime import date

import duckdb

from landgauge import log
from landgauge.settings import Settings, StageResult
from landgauge.sql import literal
from warehouse import db
from warehouse.transform import run_layer

_log = log.get("contracts")
OF_THE_YEAR = ("fct_stage_due",)
_TABLES = {
    "evaluated_year": "year integer",
    "parcel_value": "parcel_code varchar, year integer, indicator_code varchar, numerator double, denominator double, "
    "value double, null_reason varchar",
    "parcel_year": "parcel_code varchar, year integer, district_code varchar, zone_code varchar, "
    "land_use_code varchar, is_industrial boolean, site_area_m2 double, polygon_area_m2 double, "
    "land_price_cny10k double, use_state varchar, enterprise_count bigint, floor_area_m2 double, "
    "fixed_investment_cny10k double",
    "occupant": "parcel_code varchar, uscc varchar, year integer, share double",
}
# of the parcels in carried.parcel: what stands in `marts` of the attached or working database
_EVIDENCE = {
    "evaluated_year": "select distinct year from {marts}.dim_parcel where {years}",
    "parcel_value": """
        select unit_code, year, indicator_code, numerator, denominator, value, null_reason
        from {marts}.fct_indicator_value
        semi join {parcels} as parcel on unit_code = parcel.parcel_code
        semi join {indicators} as asked using (indicator_code)
        where scale = 'parcel' and {years}""",
    "parcel_year": """
        select
            d.parcel_code, d.year, d.district_code, d.zone_code, d.land_use_code, d.is_industrial, d.site_area_m2,
            d.polygon_area_m2, d.land_price_cny10k, d.use_state, f.enterprise_count, f.floor_area_m2,
            f.fixed_investment_cny10k
        from {marts}.dim_parcel as d
        left join {marts}.fct_parcel_year as f using (parcel_code, year)
        semi join {parcels} as parcel using (parcel_code)
        where {years}""",
    "occupant": """
        select parcel_code, uscc, year, share from {marts}.bridge_parcel_enterprise
        semi join {parcels} as parcel using (parcel_code)
        where {years}""",
}
# every parcel of an agreement, and all that a parcel change names: the models follow the chains
_PARCELS = """(
    select parcel_code from accepted.agreements
    union select old_parcel_code from accepted.parcel_changes
    union select new_parcel_code from accepted.parcel_changes
)"""
_INDICATORS = "(select distinct indicator_code from accepted.agreement_targets)"


def contracts(settings: Settings) -> StageResult:
    """Carry the evidence and build the contract marts; older years also as the newest published year sees them.

    Raises StageFailed when the year has not been built.
    """
    with db.connect(settings) as con:
        prepare(con)
        newest = _carry(con, settings)
    built = run_layer(settings, "contracts")
    if newest is None or newest[0] <= settings.year:
        return built
    values = {"year": newest[0], "as_of": newest[1].isoformat()}
    again = run_layer(settings, "contracts", but=OF_THE_YEAR, values=values)
    return StageResult(rows=dict(built.rows) | {"history as known by": newest[0]}, complaints=again.complaints)


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of schema `carried` anew, empty: rows of years, of values, of parcels and of occupants."""
    con.execute("create schema if not exists carried")
    for name, columns in _TABLES.items():
        con.execute(f"create or replace table carried.{name} ({columns})")


def _carry(con: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[int, date] | None:
    """Copy the evidence of the working year and of the other published ones; return the newest of these and its day."""
    _copy(con, "marts", f"year = {settings.year}")
    if not settings.snapshot.exists():
        return None
    con.execute(f"attach {literal(str(settings.snapshot))} as published (read_only)")
    try:
        _copy(con, "published.marts", f"year <> {settings.year}")
        return con.execute(
            "select year, as_of_date from published.marts.fct_run order by year desc, published_at desc, run_id limit 1"
        ).fetchone()
    finally:
        con.execute("detach published")


def _copy(con: duckdb.DuckDBPyConnection, marts: str, years: str) -> None:
    names = {"marts": marts, "parcels": _PARCELS, "indicators": _INDICATORS, "years": years}
    for name, query in _EVIDENCE.items():
        try:
            con.execute(f"insert into carried.{name} {query.format_map(names)}")
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            _log.warning("no evidence for %s in %s, which an earlier version wrote: %s", name, marts, error)
