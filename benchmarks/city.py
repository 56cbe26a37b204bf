"""A whole city in the raw tables of a working file, made by SQL: what the marts are built from, without the reading.

Every way of pairing occurs: one parcel, two parcels by floor area, land area where a floor area lacks, equal parts,
points in parcels, and enterprises on no parcel. Nothing here is meant to look like a real city.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ingestion import load
from landgauge.settings import Settings, year_end
from warehouse import db, transform

_HEADER = "宗地代码,行政区代码,土地用途代码,宗地面积\n"
_DATASETS = ("parcels", "buildings", "enterprises", "occupancy", "operations", "taxes", "energy", "emissions", "zones")
# u: a number between 0 and 1 for row i and a purpose p; a hash, so that threads and order do not matter.
_MACROS = """
create or replace temp macro u(i, p) as hash(i * 1000 + getvariable('year') % 97 + p * 31) % 1000003 / 1000003.0;
create or replace temp macro uscc(i) as '91440101' || lpad(cast(i as varchar), 10, '0');
create or replace temp macro parcel(i) as '440112001001GB' || lpad(cast(i as varchar), 5, '0');
create or replace temp macro west(i) as 113.0 + (i % getvariable('side')) * 0.002;
create or replace temp macro south(i) as 22.6 + (i // getvariable('side')) * 0.002;
create or replace temp macro district(i)
    as ['440105', '440106', '440111', '440112', '440113', '440114', '440115'][1 + i % 7];
"""


@dataclass(frozen=True)
class Size:
    """How many parcels and enterprises each of the years has."""

    parcels: int
    enterprises: int
    years: tuple[int, ...]


def write(folder: Path, size: Size) -> Settings:
    """Make a warehouse in `folder` with the years of a city loaded, and return the settings of its last year."""
    landing = folder / "landing"
    for year in size.years:
        (landing / "parcels" / str(year)).mkdir(parents=True, exist_ok=True)
        text = f"{_HEADER}440112001001GB99999,440112,M1,{year}\n"
        (landing / "parcels" / str(year) / "parcels.csv").write_text(text, encoding="utf-8")
    last = settings(folder, max(size.years))
    for year in sorted(size.years):
        load.ingest(replace(last, year=year, as_of=year_end(year)))
    with db.connect(last) as con:
        con.execute("delete from raw.parcels")
        con.execute("delete from ledger.load")
        for year in size.years:
            _load(con, size, year)
        con.execute("checkpoint")
    transform.run_layer(last, "indicators", ("energy_coefficient", "unit"))  # the policy that a bare script reads, too
    return last


def settings(folder: Path, year: int) -> Settings:
    """Return the settings of one year of the city in `folder`."""
    return Settings(warehouse=folder, landing=folder / "landing", year=year, as_of=year_end(year), threads=2)


def _load(con: duckdb.DuckDBPyConnection, size: Size, year: int) -> None:
    con.execute(_MACROS)
    side = int(size.parcels**0.5) + 1
    for name, value in (("year", year), ("parcels", size.parcels), ("firms", size.enterprises), ("side", side)):
        con.execute(f"set variable {name} = {value}")
    for number, dataset in enumerate(_DATASETS):
        load_id = year * 100 + number
        con.execute(
            f"insert into raw.{dataset} by name select {load_id} as load_id, row_number() over () as row_no, "
            f"{year} as data_year, * from ({_SQL[dataset]})"
        )
        rows = con.execute(f"select count(*) from raw.{dataset} where load_id = {load_id}").fetchall()[0][0]
        con.execute(
            "insert into ledger.load (load_id, file_sha256, dataset, data_year, file_name, rows_in, accepted, "
            "quarantined, superseded, state, run_id, loaded_at, recorded_at) values (?, ?, ?, ?, ?, ?, ?, 0, 0, "
            "'loaded', 'generated', timestamp '2025-01-01', timestamp '2025-01-01')",
            [load_id, f"{load_id:064d}", dataset, year, f"{dataset}/{year}/generated.csv", rows, rows],
        )


_SQL = {
    "parcels": """
select parcel(i) as parcel_code, district(i) as district_code,
    case when i % 3 = 0 then 'Z' || (i % 12) end as zone_code, 'K' || (i // 40) as block_code,
    ['M1', 'M2', 'M3', 'W', 'M1', 'M1', 'R2'][1 + i % 7 * 3 % 7] as land_use_code,
    5000 + 20000 * u(i, 1) as site_area_m2, case when i % 5 > 0 then 1000 * u(i, 2) end as green_area_m2,
    case when i % 4 = 0 then 200.0 end as structure_footprint_m2, case when i % 6 = 0 then 300.0 end as yard_area_m2,
    case when i % 10 = 0 then 400.0 end as admin_land_area_m2, '出让' as supply_mode,
    case when i % 2 = 0 then 900 * u(i, 3) end as land_price_cny10k, date '2005-01-01' + cast(i % 5000 as integer)
    as supply_date, date '2025-01-01' + cast(i % 9000 as integer) as term_end_date, 0.8 as far_min, 3.0 as far_max,
    ['在用', '在用', '在用', '在建', '闲置'][1 + i % 5] as use_state,
    st_aswkb(st_makeenvelope(west(i), south(i), west(i) + 0.0015, south(i) + 0.0015))::blob as geometry,
    5000 + 20000 * u(i, 1) as polygon_area_m2, west(i) + 0.00075 as centroid_lon,
    south(i) + 0.00075 as centroid_lat
from range(getvariable('parcels')) as r (i)""",
    "buildings": """
select 'B' || i as building_code, parcel(i // 2) as parcel_code,
    ['生产', '行政办公', '生产', '仓储'][1 + i % 4] as building_use, 3000 * u(i, 4) as footprint_m2,
    9000 * u(i, 5) as floor_area_m2, case when i % 3 = 0 then 1000 * u(i, 6) end as floor_area_over_8m_m2
from range(getvariable('parcels') * 2) as r (i) where i % 17 > 1""",
    "enterprises": """
select uscc(i) as uscc, '企业' || i as enterprise_name, ['361', 'C3911', '3041', '1411', '2710'][1 + i % 5]
    as industry_code, '2017' as industry_edition,
    district(i) as district_code,
    case when i % 50 = 0 then '注销' else '存续' end as registration_state, i % 10 = 0 as above_scale,
    113.0 + 0.64 * u(i, 7) as longitude, 22.6 + 0.64 * u(i, 8) as latitude
from range(getvariable('firms')) as r (i)""",
    "occupancy": """
select distinct on (place, i) parcel(place) as parcel_code, uscc(i) as uscc, '承租' as tenure,
    case when i % 9 > 0 then 100 + 900 * u(i, 9) end as floor_area_m2,
    case when i % 11 > 0 then 100 + 400 * u(i, 10) end as land_area_m2, date '2019-01-01' as start_date
from (select i, hash(i * 7 + n) % getvariable('parcels') as place
    from range(getvariable('firms')) as r (i), range(2) as s (n)
    where i % 10 < 7 and (n = 0 or i % 3 = 0))""",
    "operations": """
select uscc(i) as uscc, 10000 * u(i, 11) as output_cny10k, 11000 * u(i, 12) as revenue_cny10k,
    3000 * u(i, 13) - 200 as value_added_cny10k, 5000 * u(i, 14) as fixed_investment_cny10k,
    floor(300 * u(i, 15)) as employees, floor(20 * u(i, 16)) as rd_staff, 300 * u(i, 17) as rd_expenditure_cny10k,
    case when i % 4 > 0 then 900 * u(i, 18) end as new_product_sales_cny10k
from range(getvariable('firms')) as r (i) where i % 41 > 0""",
    "taxes": """
select uscc(i) as uscc, 500 * u(i, 19) as tax_paid_cny10k from range(getvariable('firms')) as r (i) where i % 43 > 0""",
    "energy": """
select uscc(i) as uscc, ['电力', '原煤', '天然气'][1 + n] as energy_type, 100 * u(i, 20) as quantity,
    ['10^4 kWh', 't', '10^4 m3'][1 + n] as unit
from range(getvariable('firms')) as r (i), range(3) as s (n) where n = 0 or i % (3 + n) = 0""",
    "emissions": """
select uscc(i) as uscc, ['COD', 'NH3-N', 'SO2', 'NOx'][1 + n] as pollutant, 2 * u(i, 21) as emission_t
from range(getvariable('firms')) as r (i), range(4) as s (n) where i % 3 = 0""",
    "zones": """
select 'Z' || i as zone_code, '区' || i as zone_name, '经开区' as zone_type, '国家级' as level,
    '440112' as district_code, 100 + i as resident_population, 50.0 as a1_ha,
    300.0 + i as a2_ha, 10.0 as a31_ha, 5.0 as a32_ha, 20.0 as a4_ha,
    10.0 as a51_ha, 5.0 as a52_ha, 1.0 as a6_ha, 10.0 as b11_ha, 5.0 as b12_ha, 50.0 as b21_ha, 20.0 as b22_ha,
    50.0 as d1_ha, 300.0 as d21_ha, 20.0 as d22_ha, 5.0 as g_ha, 4e6 as floor_area_m2, 3e6 as industrial_floor_area_m2,
    2e6 as footprint_m2, 15e5 as industrial_footprint_m2, 1e6 as fixed_investment_cny10k, 1e5 as industrial_tax_cny10k,
    12e4 as secondary_tertiary_tax_cny10k
from range(12) as r (i)""",
}
