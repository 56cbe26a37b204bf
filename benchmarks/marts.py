"""The indicator marts of a city's years by the dbt project, beside a bare script that makes the same tables.

Both read the same accepted rows and write a database file; each year replaces the one before. The project writes its
marts under enforced contracts and with sums that do not depend on threads; its tests and the tables of quality, which
the script does not make, are measured apart (--whole).

    python -m benchmarks.marts [--parcels N] [--enterprises N] [--years N] [--repeats N] [--memory 800MB] [--whole]
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb

from benchmarks import city, marts_bare, measure
from landgauge.settings import Settings, year_end
from warehouse import db, transform

FIRST_YEAR = 2020
TABLES = (
    *("dim_parcel", "dim_enterprise", "dim_unit", "dim_block", "dim_zone", "bridge_parcel_enterprise"),
    *("fct_indicator_value", "fct_parcel_year", "fct_enterprise_year", "fct_block_year", "fct_zone_year"),
    *("fct_district_year", "fct_city_year", "fct_industry_year"),
)
# What both have made of the last year: how many values of each indicator, and their sum.
_ANSWER = """
select scale, indicator_code, count(value) as value_count, sum(value) as value_sum
from marts.fct_indicator_value
where (scale, indicator_code) in (select (scale, indicator_code) from bare.marts.fct_indicator_value)
group by all order by all"""


def ours(settings: Settings, years: list[int], whole: bool) -> measure.Figures:
    """Build each year with dbt in this process; reading the project counts, once."""
    figures: measure.Figures = {}
    select = None if whole else tuple(f"+{table}" for table in TABLES)
    with measure.timed(figures):
        for year in years:
            transform.run_layer(replace(settings, year=year, as_of=year_end(year)), "indicators", select)
    return figures


def bare(settings: Settings, years: list[int]) -> measure.Figures:
    """Build each year with the bare script into a file of its own."""
    figures: measure.Figures = {}
    target = settings.warehouse / "bare.duckdb"
    target.unlink(missing_ok=True)
    limits = {"threads": settings.threads, "memory_limit": settings.memory_limit, "allow_unsigned_extensions": "true"}
    with measure.timed(figures), duckdb.connect(str(target), config=limits) as con:
        db.extensions(con)
        con.execute(f"attach '{settings.database}' as work (read_only)")
        for year in years:
            marts_bare.build(con, year)
    return figures


def differences(settings: Settings) -> list[tuple]:
    """Return the indicators of the last year whose number of values or sum differs by more than 1e-9."""
    with duckdb.connect(str(settings.database), read_only=True) as con:
        con.execute(f"attach '{settings.warehouse / 'bare.duckdb'}' as bare (read_only)")
        here = con.execute(_ANSWER).fetchall()
        con.execute("use bare")
        there = con.execute(_ANSWER).fetchall()
    return [
        (one, other)
        for one, other in zip(here, there, strict=True)
        if one[:3] != other[:3] or abs((one[3] or 0) - (other[3] or 0)) > 1e-9 * max(1.0, abs(one[3] or 0))
    ]


def main() -> int:
    """Run both in turn and print the ratio of their medians; ends with 1 where their answers differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=100_000)
    parser.add_argument("--enterprises", type=int, default=1_000_000)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", default="800MB", help="what the engine may use, both in dbt and in the script")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--whole", action="store_true", help="measure the whole layer of the project, tests and all")
    parser.add_argument("--step", choices=("ours", "bare", "whole"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    years = list(range(FIRST_YEAR, FIRST_YEAR + options.years))
    size = city.Size(options.parcels, options.enterprises, tuple(years))
    settings = _settings(options.folder.resolve() / "marts", size, options.memory, made=options.step is not None)
    if options.step:
        figures = bare(settings, years) if options.step == "bare" else ours(settings, years, options.step == "whole")
        measure.report(figures)
        return 0
    return _compare(settings, options, [option for option in sys.argv[1:] if option != "--whole"])


def _settings(folder: Path, size: city.Size, memory: str, made: bool) -> Settings:
    if not made:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return replace(city.write(folder, size), memory_limit=memory)
    return replace(city.settings(folder, max(size.years)), memory_limit=memory)


def _compare(settings: Settings, options: argparse.Namespace, given: list[str]) -> int:
    steps = ("bare", "ours", "whole") if options.whole else ("bare", "ours")
    print(
        f"{measure.machine()}; {options.parcels:,} parcels, {options.enterprises:,} enterprises, {options.years} years"
    )
    run = partial(measure.in_process, "benchmarks.marts")
    found = measure.side_by_side({step: partial(run, *given, "--step", step) for step in steps}, options.repeats)
    for name in steps:
        one = found[name]
        print(
            f"{name}: {one['seconds']:.1f} s, ratio {one['seconds'] / found['bare']['seconds']:.2f}, "
            f"CPU {one['cpu_seconds']:.1f} s, peak {one['peak_mb']:.0f} MB"
        )
    wrong = differences(settings)
    print(f"indicators whose values differ: {len(wrong)} {wrong[:3]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
