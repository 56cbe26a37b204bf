"""The contract models on 100,000 agreements in 20 years, their targets, events, verdicts and evidence.

The accepted rows and the carried evidence are made by SQL, the same for the same seed; nothing here is meant to look
like a real city. The models run through dbt as the stage `contracts` runs them, without the data tests.

    python -m benchmarks.contracts [--agreements N] [--years N] [--seed N] [--memory 4GB] [--as-of DATE]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import duckdb
import psutil

from benchmarks import measure
from ingestion import load
from landgauge.settings import Settings
from landgauge.stages.contracts import prepare
from warehouse import db, transform

LAST_YEAR = 2023
READ = ("agreements", "agreement_targets", "agreement_events", "verdicts")
MARTS = ("fct_stage_due", "fct_stage_result", "fct_stage_finding", "fct_consequence", "fct_credit", "fct_warning")
_WANTED_SECONDS = 20.0
_SAMPLE_SECONDS = 0.02
# u: a number between 0 and 1 for agreement i and a purpose p; a hash, so that threads and order do not matter.
_MACROS = """
create or replace temp macro u(i, p) as hash(i * 1000 + p + getvariable('seed') * 7919) % 1000003 / 1000003.0;
create or replace temp macro day(d, months) as cast(d + to_months(cast(months as integer)) as date);
create or replace temp macro parcel(i) as '4401120' || lpad(cast(i as varchar), 5, '0') || 'GB00001';
create or replace temp macro uscc(i) as '91440101' || lpad(cast(i % 90000 as varchar), 10, '0');
create or replace temp macro nth(i) as 'XY-' || lpad(cast(i as varchar), 7, '0');
create or replace temp macro signed(i)
    as make_date(getvariable('first') - 1, 1, 1) + cast(u(i, 1) * 365 * getvariable('years') / 2 as integer);
create or replace temp macro interval_of(i) as [3, 4, 5, null][1 + i % 4];
create or replace temp macro weak(i) as u(i, 6) < 0.1; -- fails again and again, and so is evaluated each year
create or replace temp macro stamped(d) as greatest(year(d), getvariable('first'));
"""
_SQL = {
    "agreements": """
select getvariable('first') as data_year, nth(i) as agreement_no, parcel(i) as parcel_code, uscc(i) as uscc,
    signed(i) as signed_date, day(signed(i), 10) as start_due, day(signed(i), 34) as completion_due,
    day(signed(i), 42) as production_due, day(signed(i), 48) as capacity_due,
    day(signed(i), [240, 360, 600][1 + i % 3]) as term_end_date,
    case when i % 5 = 0 then day(signed(i), 120) end as lease_end_date,
    case when i % 5 = 0 then '先租后让' else '出让' end as supply_mode,
    cast(interval_of(i) as double) as process_interval_years, 9000 * u(i, 2) as agreed_investment_cny10k,
    9000 * u(i, 3) as agreed_floor_area_m2, 10000.0 as granted_area_m2, '工业用地' as granted_use,
    case when i % 3 = 0 then '违约金条款' end as start_penalty, '违约金条款' as completion_penalty,
    '残值补偿' as building_compensation
from range(getvariable('agreements')) as r (i)""",
    "agreement_targets": """
select getvariable('first') as data_year, nth(i) as agreement_no, t.* from range(getvariable('agreements')) as r (i),
    (values ('开竣工', 'plot_ratio', '>=', 0.8, '规划和自然资源部门'),
        ('达产', 'land_output_cny10k_per_ha', '>=', 5000.0, '工业和信息化部门'),
        ('达产', '安全生产', '符合', null, '应急管理部门'),
        ('过程', 'land_output_cny10k_per_ha', '>=', 5500.0, '工业和信息化部门'),
        ('过程', '环境治理', '符合', null, '生态环境部门'),
        ('到期', 'land_tax_cny10k_per_ha', '>=', 200.0, '发展和改革部门')
    ) as t (stage, indicator_code, comparison, target_value, department)""",
    "agreement_events": """
select distinct on (agreement_no, event, event_date, stage, indicator_code) stamped(event_date) as data_year, *
from (
    select nth(i) as agreement_no, event, stage, null as indicator_code,
        signed(i) + cast(months * 30.4 + 200 * u(i, 10 + n) as integer) as event_date,
        case when event in ('整改通知', '政府原因') then
            signed(i) + cast(months * 30.4 + 200 * u(i, 10 + n) + 400 * u(i, 50 + n) as integer) end as deadline,
        '工业和信息化部门' as department
    from range(getvariable('agreements')) as r (i),
        (values (1, '开工', null, 7, 1), (2, '竣工', null, 30, 1), (3, '投产', null, 38, 1), (4, '达产', null, 44, 1),
            (5, '整改通知', '达产', 62, 1), (6, '整改完成', '达产', 68, 2), (7, '整改通知', '过程', 88, 1),
            (8, '整改完成', null, 92, 3), (9, '停工', null, 12, 3), (10, '复工', null, 20, 4),
            (11, '政府原因', null, 9, 1), (12, '政府原因', null, 14, 2), (13, '违约金缴纳', '开竣工', 20, 2),
            (14, '委员会决定', null, 90, 2), (15, '失信列入', '达产', 80, 3), (16, '信用修复', null, 95, 4),
            (17, '先租后让申请', null, 104, 5), (18, '出让签订', null, 118, 5), (19, '终止申请', null, 150, 9),
            (20, '终止同意', null, 157, 18), (21, '续期受理', null, 110, 7), (22, '续期决定', null, 111, 7)
        ) as e (n, event, stage, months, every)
    where i % every = 0 and (n > 4 or u(i, 90 + n) < 0.9)
        and (weak(i) or event not in ('整改通知', '整改完成', '失信列入', '信用修复'))
) where year(event_date) <= getvariable('last')""",
    "verdicts": """
select y + case when u(i, 200 + y % 97) < 0.02 then 1 else 0 end as data_year, nth(i) as agreement_no, t.stage,
    cast(y as integer) as evaluation_year, t.indicator_code, t.department,
    case when weak(i) and u(i, 300 + y % 97 + t.n * 100) < 0.5 then '不达标' else '达标' end as verdict,
    case when i % 2 = 0 then '意见' end as opinion, make_date(cast(y as integer), 11, 15) as verdict_date
from range(getvariable('agreements')) as r (i), range(getvariable('first'), getvariable('last') + 1) as s (y),
    (values (1, '开竣工', 'plot_ratio', '规划和自然资源部门'), (2, '达产', '安全生产', '应急管理部门'),
        (3, '达产', 'land_output_cny10k_per_ha', '工业和信息化部门'), (4, '过程', '环境治理', '生态环境部门'),
        (5, '过程', 'land_output_cny10k_per_ha', '工业和信息化部门')
    ) as t (n, stage, indicator_code, department), (select y - year(signed(i)) as age)
where t.stage = '开竣工' and age = 3
    or t.stage = '达产' and (age = 4 or weak(i) and age between 5 and 6)
    or t.stage = '过程' and age > 4 and ((age - 4) % coalesce(interval_of(i), 3) = 0 or weak(i))""",
    "parcels": """
select getvariable('last') as data_year, parcel(i) as parcel_code, '44010' || (4 + i % 6) as district_code,
    'M1' as land_use_code, 10000.0 as site_area_m2 from range(getvariable('agreements')) as r (i)""",
    "buildings": """
select y as data_year, 'B' || i as building_code, parcel(i) as parcel_code, '生产' as building_use,
    100.0 as footprint_m2, 9000 * u(i, 5) as floor_area_m2
from range(getvariable('agreements')) as r (i), range(getvariable('first'), getvariable('last') + 1) as s (y)""",
}
_CARRIED = {
    "evaluated_year": """
select cast(y as integer) as year from range(getvariable('first'), getvariable('last') + 1) as s (y)""",
    "parcel_value": """
select parcel(i) as parcel_code, cast(y as integer) as year, c.code as indicator_code, numerator, 1.0 as denominator,
    case when i % 20 > 0 then numerator end as value, case when i % 20 = 0 then 'no_enterprise' end as null_reason
from range(getvariable('agreements')) as r (i), range(getvariable('first'), getvariable('last') + 1) as s (y),
    (values ('plot_ratio', 2.0), ('land_output_cny10k_per_ha', 15000.0), ('land_tax_cny10k_per_ha', 600.0))
        as c (code, scale),
    (select c.scale * (case when weak(i) then 0.2 else 0.6 end + 0.3 * u(i, 400 + y % 97)) as numerator)""",
    "parcel_year": """
select parcel(i) as parcel_code, cast(y as integer) as year, '44010' || (4 + i % 6) as district_code,
    'M1' as land_use_code, true as is_industrial, 10000.0 as site_area_m2, 100.0 as land_price_cny10k,
    1 as enterprise_count, 9000 * u(i, 5) as floor_area_m2, 5000 * u(i, 6) as fixed_investment_cny10k
from range(getvariable('agreements')) as r (i), range(getvariable('first'), getvariable('last') + 1) as s (y)""",
    "occupant": """
select parcel(i) as parcel_code, uscc(i) as uscc, cast(y as integer) as year, 1.0 as share
from range(getvariable('agreements')) as r (i), range(getvariable('first'), getvariable('last') + 1) as s (y)""",
}


def write(folder: Path, agreements: int, years: int, seed: int) -> None:
    """Make a warehouse in `folder` with the agreements and their evidence, and the seeds and views they are read by."""
    landing = folder / "landing" / "parcels" / str(LAST_YEAR)
    landing.mkdir(parents=True)
    header = "宗地代码,行政区代码,土地用途代码,宗地面积\n"
    (landing / "parcels.csv").write_text(f"{header}440112001001GB99999,440112,M1,1\n", encoding="utf-8")
    given = settings(folder)
    load.ingest(given)
    with db.connect(given) as con:
        con.execute("delete from ledger.load")
        values = {"agreements": agreements, "years": years, "first": LAST_YEAR - years + 1, "last": LAST_YEAR}
        for name, value in (values | {"seed": seed}).items():
            con.execute(f"set variable {name} = {value}")
        _fill(con)
    transform.run_layer(
        given, "indicators", ("+tag:contracts,resource_type:seed", "+tag:contracts,path:models/staging")
    )


def _fill(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_MACROS)
    for load_id, (dataset, query) in enumerate(_SQL.items(), start=1):
        con.execute(f"delete from raw.{dataset}")
        con.execute(
            f"insert into raw.{dataset} by name select {load_id} as load_id, row_number() over () as row_no, * "
            f"from ({query})"
        )
        con.execute(
            "insert into ledger.load (load_id, file_sha256, dataset, data_year, file_name, state, run_id, loaded_at, "
            "recorded_at) values (?, ?, ?, ?, ?, 'loaded', 'generated', date '2025-01-01', date '2025-01-01')",
            [load_id, f"{load_id:064d}", dataset, LAST_YEAR, f"{dataset}/generated.csv"],
        )
    prepare(con)
    for table, query in _CARRIED.items():
        con.execute(f"insert into carried.{table} by name {query}")
    con.execute("checkpoint")


def settings(folder: Path) -> Settings:
    """Return the settings of the last year of the warehouse in `folder`."""
    return Settings(
        warehouse=folder, landing=folder / "landing", year=LAST_YEAR, as_of=date(LAST_YEAR, 12, 31), threads=2
    )


@contextmanager
def _memory() -> Iterator[list[tuple[float, float]]]:
    """Sample this process's resident memory: (seconds since the epoch, MB)."""
    samples: list[tuple[float, float]] = []
    process, stop = psutil.Process(), threading.Event()

    def sample() -> None:
        while not stop.wait(_SAMPLE_SECONDS):
            samples.append((time.time(), process.memory_info().rss / 1e6))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield samples
    finally:
        stop.set()
        sampler.join()


def build(given: Settings) -> measure.Figures:
    """Build the contract models; returns the seconds of the whole and of each model, and the memory while it ran."""
    figures: measure.Figures = {}
    with _memory() as samples, measure.timed(figures):
        done = transform._invoke(
            given,
            ["--select", "tag:contracts", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"],
            transform.variables(given),
        )
    wrong = [f"{n.node.name}: {n.message}" for n in done.result.results if str(n.status) != "success"]
    if wrong:
        raise SystemExit("\n".join(wrong))
    figures["models"] = {n.node.name: (n.execution_time, _peak(n, samples)) for n in done.result.results}
    figures["models_seconds"] = sum(seconds for seconds, _ in figures["models"].values())
    with db.connect(given, read_only=True) as con:
        named = [f"accepted.{t}" for t in READ] + [f"marts.{t}" for t in MARTS]
        figures["rows"] = {t: con.execute(f"select count(*) from {t}").fetchall()[0][0] for t in named}
    return figures


def _peak(node: object, samples: list[tuple[float, float]]) -> float:
    spans = [(t.started_at, t.completed_at) for t in node.timing if t.started_at and t.completed_at]  # type: ignore[attr-defined]
    if not spans:
        return 0.0
    first, last = (_epoch(min(s[0] for s in spans)), _epoch(max(s[1] for s in spans)))
    return max((mb for at, mb in samples if first <= at <= last), default=0.0)


def _epoch(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def main() -> int:
    """Write the warehouse, build the models in a process of its own, and print them; ends with 1 above 20 seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agreements", type=int, default=100_000)
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", default="4GB", help="what the engine may use")
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(LAST_YEAR, 12, 31))
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--keep", action="store_true", help="build on what the last call wrote")
    parser.add_argument("--step", choices=("write", "build"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder.resolve() / "contracts"
    if options.step == "build":
        measure.report(build(replace(settings(folder), memory_limit=options.memory, as_of=options.as_of)))
        return 0
    if options.step == "write":
        shutil.rmtree(folder, ignore_errors=True)
        write(folder, options.agreements, options.years, options.seed)
        measure.report({})
        return 0
    return _print(options, partial(measure.in_process, "benchmarks.contracts", *sys.argv[1:]))


def _print(options: argparse.Namespace, run: partial[measure.Figures]) -> int:
    print(f"{measure.machine()}; {options.agreements:,} agreements, {options.years} years")
    if not options.keep:
        run("--step", "write")
    found = run("--step", "build")
    for name, (seconds, peak) in sorted(found["models"].items(), key=lambda m: -m[1][0]):
        print(f"  {name}: {seconds:.2f} s, {peak:.0f} MB")
    print("rows: " + ", ".join(f"{table} {rows:,}" for table, rows in found["rows"].items()))
    print(
        f"all models {found['models_seconds']:.1f} s, with dbt around them {found['seconds']:.1f} s, "
        f"CPU {found['cpu_seconds']:.1f} s, peak {found['peak_mb']:.0f} MB"
    )
    return 0 if found["models_seconds"] < _WANTED_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
