"""What the gate costs for a city year: 100,000 parcels, 1,000,000 enterprises, this year and last.

The working file is filled straight through DuckDB, as ingestion would leave it; `check` is then timed in a process of
its own, with Great Expectations imported before the clock starts. Prints seconds, CPU seconds, peak memory of the whole
process, and a checksum of what `run.gate` holds, so that two versions of the gate can be compared.

    python benchmarks/gate.py [--warehouse DIR] [--parcels N] [--enterprises N] [--repeat N]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from ingestion import ledger, manifest, rows
from ingestion.contract import all_contracts
from landgauge import profile
from landgauge.settings import PROJECT_ROOT, Settings, year_end
from warehouse import db

YEAR = 2024
DISTRICTS = "['440103', '440104', '440105', '440106', '440111', '440112', '440113', '440114', '440115', '440117']"
DISTRICT = f"{DISTRICTS}[1 + (i % 10)::int]"
# Every figure is a function of the row number and the year, so that two files are alike.
NOISE = "((hash(i, {salt}) % 1000) / 1000.0)"
GROWTH = "(1 + 0.05 * (year - 2023))"


def noise(salt: int) -> str:
    return NOISE.format(salt=salt)


TABLES: dict[str, tuple[Callable[[int, int], int], str]] = {  # dataset: (rows, SQL of its columns over i and year)
    "parcels": (
        lambda parcels, _: parcels,
        f"{DISTRICT} || '001001GB' || lpad(i::varchar, 5, '0') as parcel_code, {DISTRICT} as district_code, "
        f"{DISTRICT} || '001' as town_code, 'M1' as land_use_code, 1000 + 50000 * {noise(1)} as site_area_m2, "
        f"500 * {noise(2)} as green_area_m2, 100 * {noise(3)} as structure_footprint_m2, '出让' as supply_mode, "
        f"3000 * {noise(4)} as land_price_cny10k, date '2010-01-01' as supply_date, '在用' as use_state",
    ),
    "buildings": (
        lambda parcels, _: 2 * parcels,
        f"'B' || i as building_code, {DISTRICT} || '001001GB' || lpad((i // 2)::varchar, 5, '0') as parcel_code, "
        f"'生产' as building_use, 200 + 3000 * {noise(5)} as footprint_m2, 500 + 9000 * {noise(6)} as floor_area_m2",
    ),
    "enterprises": (
        lambda _, enterprises: enterprises,
        f"'91440101MA5' || lpad(i::varchar, 7, '0') as uscc, '企业' || i as enterprise_name, "
        f"(['1310', '2611', '3611', '3911', '3812'])[1 + (i % 5)::int] as industry_code, '2017' as industry_edition, "
        f"{DISTRICT} as district_code, {DISTRICT} || '001' as town_code, '存续' as registration_state, "
        f"true as above_scale, 113 + {noise(7)} as longitude, 23 + {noise(8)} as latitude",
    ),
    "occupancy": (
        lambda _, enterprises: enterprises,
        f"{DISTRICT} || '001001GB' || lpad((i % parcels)::varchar, 5, '0') as parcel_code, "
        f"'91440101MA5' || lpad(i::varchar, 7, '0') as uscc, '自有' as tenure, 100 + 900 * {noise(9)} as floor_area_m2",
    ),
    "operations": (
        lambda _, enterprises: enterprises,
        f"'91440101MA5' || lpad(i::varchar, 7, '0') as uscc, {GROWTH} * 5000 * {noise(10)} as output_cny10k, "
        f"{GROWTH} * 6000 * {noise(11)} as revenue_cny10k, {GROWTH} * 1200 * {noise(12)} as value_added_cny10k, "
        f"9000 * {noise(13)} as fixed_investment_cny10k, (200 * {noise(14)})::int::double as employees, "
        f"(9 * {noise(15)})::int::double as rd_staff, 90 * {noise(16)} as rd_expenditure_cny10k, "
        f"300 * {noise(17)} as new_product_sales_cny10k",
    ),
    "taxes": (
        lambda _, enterprises: enterprises,
        f"'91440101MA5' || lpad(i::varchar, 7, '0') as uscc, {GROWTH} * 200 * {noise(18)} as tax_paid_cny10k",
    ),
    "energy": (
        lambda _, enterprises: 2 * enterprises,
        f"'91440101MA5' || lpad((i // 2)::varchar, 7, '0') as uscc, if(i % 2 = 0, '电力', '天然气') as energy_type, "
        f"100 * {noise(19)} as quantity, if(i % 2 = 0, '10^4 kWh', '10^4 m3') as unit",
    ),
    "emissions": (
        lambda _, enterprises: enterprises // 2,
        f"'91440101MA5' || lpad(i::varchar, 7, '0') as uscc, 'COD' as pollutant, 3 * {noise(20)} as emission_t",
    ),
    "district_series": (
        lambda *_: 10,
        f"{DISTRICT} as district_code, '00' as industry_code, {GROWTH} * 1e7 as gdp_cny10k, 1e6 as employees",
    ),
}


def build(settings: Settings, parcels: int, enterprises: int) -> None:
    """Fill a working file with two years of every dataset that grows with the city."""
    with db.connect(settings) as con:
        con.execute("set preserve_insertion_order = false")
        rows.prepare(con, profile.load(None))
        ledger.create(con)
        manifest.write_profile(con, profile.load(None))
        for year in (YEAR - 1, YEAR):
            for dataset, (count, columns) in TABLES.items():
                _load(con, dataset, year, count(parcels, enterprises), columns.replace("parcels", str(parcels)))


def _load(con: duckdb.DuckDBPyConnection, dataset: str, year: int, count: int, columns: str) -> None:
    """Enter one load whose last thousandth of rows, at most 1000, break a rule."""
    load_id = ledger.next_id(con)
    bad = min(count // 1000, 1000)
    con.execute(
        f"insert into raw.{dataset} by name select {load_id} as load_id, i as row_no, {year} as data_year, {columns} "
        f"from (select range as i, {year} as year from range({count - bad}))"
    )
    con.execute(
        f"insert into quarantine.finding by name select {load_id} as load_id, '{dataset}' as dataset, "
        f"{year} as data_year, {count - bad} + range as row_no, 'required:' || (range % 3) as rule_code, "
        f"'error' as severity, 'row' as origin from range({bad})"
    )
    con.execute(
        "insert into ledger.load (load_id, file_sha256, dataset, data_year, file_name, rows_in, accepted, quarantined, "
        "superseded, state) values (?, ?, ?, ?, ?, ?, ?, ?, 0, 'loaded')",
        [load_id, f"{load_id:064d}", dataset, year, f"{dataset}/{year}/a.csv", count, count - bad, bad],
    )
    for column in all_contracts()[dataset].columns:
        if f" as {column.name}" in columns:
            con.execute("insert into ledger.load_column values (?, ?, ?, null, 1)", [load_id, column.name, column.name])


_TIMED = """
import hashlib, json, resource, sys, time
from pathlib import Path
began = time.perf_counter()
import great_expectations, great_expectations.expectations
from expectations import gate
from landgauge.settings import Settings, year_end
settings = Settings(warehouse=Path(sys.argv[1]), year={year}, as_of=year_end({year}))
start, cpu = time.perf_counter(), time.process_time()
result = gate.check(settings)
wall, cpu = time.perf_counter() - start, time.process_time() - cpu
import duckdb
with duckdb.connect(str(settings.database), read_only=True) as con:
    outcomes = con.execute("select suite, expectation, success, observed from run.gate where year = {year}").fetchall()
digest = hashlib.sha256(json.dumps(outcomes, ensure_ascii=False).encode()).hexdigest()[:16]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({{"import_s": round(start - began, 2), "wall_s": round(wall, 2), "cpu_s": round(cpu, 2),
    "peak_mb": round(peak), "expectations": result.rows["expectations"], "not_met": result.rows["not_met"],
    "checksum": digest}}))
"""


def measure(warehouse: Path) -> dict[str, float | int | str]:
    """Return what one `check` costs in a process of its own."""
    command = [sys.executable, "-c", _TIMED.format(year=YEAR), str(warehouse)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--warehouse", type=Path, help="keep the working file here, and use the one that is there")
    arguments.add_argument("--parcels", type=int, default=100_000)
    arguments.add_argument("--enterprises", type=int, default=1_000_000)
    arguments.add_argument("--repeat", type=int, default=3)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(warehouse=given.warehouse or Path(temporary), year=YEAR, as_of=year_end(YEAR))
        if not settings.database.is_file():
            start = time.perf_counter()
            build(settings, given.parcels, given.enterprises)
            size = settings.database.stat().st_size / 1e6
            print(f"built {size:.0f} MB in {time.perf_counter() - start:.1f} s")
        for _ in range(given.repeat):
            found = measure(settings.warehouse)
            print("  ".join(f"{key} {value}" for key, value in found.items()))


if __name__ == "__main__":
    main()
