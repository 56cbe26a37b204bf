"""The input of the job: enterprise-years and parcels as csv, generated.

One enterprise-year of a hundred stands twice, one of a thousand has an output below 0 and another one no number of
employees: rows that the row rules refuse. One parcel of ten has no enterprise. Nothing here looks like a real city.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.declarations import codes
from benchmarks.sizes import Size

ENTERPRISE_YEARS = {
    "uscc": "VARCHAR", "year": "INTEGER", "parcel_code": "VARCHAR", "district_code": "VARCHAR",
    "industry_code": "VARCHAR", "output_cny10k": "DOUBLE", "revenue_cny10k": "DOUBLE",
    "value_added_cny10k": "DOUBLE", "fixed_investment_cny10k": "DOUBLE", "employees": "DOUBLE",
    "rd_expenditure_cny10k": "DOUBLE", "tax_paid_cny10k": "DOUBLE", "energy_tce": "DOUBLE",
}  # fmt: skip
PARCELS = {
    "parcel_code": "VARCHAR", "district_code": "VARCHAR", "land_use_code": "VARCHAR", "site_area_m2": "DOUBLE",
    "floor_area_m2": "DOUBLE", "footprint_m2": "DOUBLE", "green_area_m2": "DOUBLE", "land_price_cny10k": "DOUBLE",
}  # fmt: skip
DISTRICTS = tuple(f"4401{number:02}" for number in (3, 4, 5, 6, 11, 12, 13, 14, 15, 17, 18))
_CHUNK = 500_000  # codes made at a time
_MACROS = f"""
create macro u(i, p) as (hash(i * 4096 + p) % 1000003) / 1000003.0;
create macro district(i) as {list(DISTRICTS)}[1 + i % 11];
create macro parcel(i) as district(i) || lpad(cast(i // 100000 + 1 as varchar), 6, '0') || 'GB'
    || lpad(cast(i % 100000 as varchar), 5, '0')
"""
_PARCELS = """
select parcel(i) as parcel_code, district(i) as district_code, ['M1', 'M2', 'M3', 'W'][1 + i % 4] as land_use_code,
    round(5000 + 20000 * u(i, 1), 2) as site_area_m2, round(5000 + 30000 * u(i, 2), 2) as floor_area_m2,
    round(2000 + 3000 * u(i, 3), 2) as footprint_m2, round(900 * u(i, 4), 2) as green_area_m2,
    round(900 * u(i, 5), 2) as land_price_cny10k
from range({parcels}) as r (i)"""
# 9 of 10 parcels have enterprises; i is the enterprise, y its year
_YEAR = """
select code as uscc, {year} as year, parcel(p) as parcel_code, district(p) as district_code,
    ['3611', '3911', '3041', '1411', '2710'][1 + i % 5] as industry_code,
    case when i % 1000 = 17 then -1.0 else round(10 + 20000 * u(i, y + 1), 2) end as output_cny10k,
    round(10 + 22000 * u(i, y + 2), 2) as revenue_cny10k, round(1 + 5000 * u(i, y + 3), 2) as value_added_cny10k,
    round(10 + 9000 * u(i, y + 4), 2) as fixed_investment_cny10k,
    case when i % 1000 <> 503 then cast(1 + hash(i, y) % 500 as integer) end as employees,
    round(300 * u(i, y + 5), 2) as rd_expenditure_cny10k, round(1 + 900 * u(i, y + 6), 2) as tax_paid_cny10k,
    round(1 + 800 * u(i, y + 7), 2) as energy_tce
from (
    select code, i, {year} % 100 * 16 as y, cast(hash(i) % ({parcels} - {parcels} // 10) as bigint) as p
    from (from code union all from code where i % 100 = 7))"""


def enterprise_files(folder: Path, size: Size) -> dict[str, Path]:
    """Return the csv of each partition by the name of the partition: its years."""
    return {_name(years): folder / f"enterprise_years_{_name(years)}.csv" for years in size.files()}


def parcel_file(folder: Path) -> Path:
    """Return the csv of the parcels."""
    return folder / "parcels.csv"


def _name(years: tuple[int, ...]) -> str:
    return "_".join(str(year) for year in dict.fromkeys((years[0], years[-1])))


def write(folder: Path, size: Size) -> None:
    """Write what is not there yet; a file that is there is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    files = enterprise_files(folder, size)
    wanted = [years for years in size.files() if not files[_name(years)].is_file()]
    if not wanted and parcel_file(folder).is_file():
        return
    with duckdb.connect() as con:
        con.execute(_MACROS)
        _copy(con, _PARCELS.format(parcels=size.parcels), parcel_file(folder))
        _codes(con, size.enterprises)
        for years in wanted:
            _write_years(con, size, years, files[_name(years)])


def _codes(con: duckdb.DuckDBPyConnection, enterprises: int) -> None:
    con.execute("create table code (code varchar, i bigint)")
    for start in range(0, enterprises, _CHUNK):
        made = pa.table({"code": codes(min(_CHUNK, enterprises - start), start)})
        con.register("made", made)
        con.execute(f"insert into code select code, {start} + row_number() over () - 1 from made")
        con.unregister("made")


def _write_years(con: duckdb.DuckDBPyConnection, size: Size, years: tuple[int, ...], target: Path) -> None:
    part, whole = target.with_suffix(".part"), target.with_suffix(".whole")
    with whole.open("wb") as out:
        for year in years:
            _copy(con, _YEAR.format(year=year, parcels=size.parcels), part)
            with part.open("rb") as given:
                if year > years[0]:
                    given.readline()
                shutil.copyfileobj(given, out, 1 << 22)
    part.unlink()
    whole.rename(target)


def _copy(con: duckdb.DuckDBPyConnection, sql: str, target: Path) -> None:
    con.execute(f"copy ({sql}) to '{target}' (format csv, header)")
