"""The workload `city`: the whole command on a generated city's files, beside a bare script on the same files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from benchmarks import marts_bare, measure
from benchmarks.job import answer
from benchmarks.plan import Plan
from benchmarks.record import Row
from benchmarks.sizes import LAST_YEAR
from benchmarks.whole.step import ENGINES
from ingestion.synthetic.city import write_city

SEED = 1
_RESULT = {"bare": ("bare.duckdb", "kept"), "landgauge": ("published/current.duckdb", "marts")}
_FINISHED = "finished"


def run(plan: Plan) -> Iterator[Row]:
    """Yield a row for each run of each engine, in turn; raises SystemExit where a value differs."""
    landing = _landing(plan)
    expected: dict[str, float] = {}
    for repeat in range(1, plan.repeats + 1):
        for engine in (engine for engine in ENGINES if engine in (plan.engines or ENGINES)):
            folder = plan.folder / "city" / f"{plan.name}_{engine}"
            figures = _run(plan, engine, landing, folder)
            found = values(folder, engine)
            apart = answer.differences(expected, found) if expected else []
            expected = expected or found
            if apart:
                raise SystemExit(f"city {plan.name}: {engine} differs in {len(apart)} values: {', '.join(apart[:5])}")
            yield {"engine": engine, "repeat": repeat, **figures, "checksum": answer.checksum(found)}


def values(folder: Path, engine: str) -> dict[str, float]:
    """Return how many values each indicator has at each scale in each year, and their sum."""
    name, schema = _RESULT[engine]
    sql = f"select year, scale, indicator_code, count(value), sum(value) from {schema}.fct_indicator_value group by all"
    found: dict[str, float] = {}
    with duckdb.connect(str(folder / name), read_only=True) as con:
        for year, scale, code, count, total in con.execute(sql).fetchall():
            if (scale, code) in marts_bare.MADE:
                found |= {f"{year} {scale} {code} n": float(count), f"{year} {scale} {code}": float(total or 0)}
    return found


def _landing(plan: Plan) -> Path:
    landing, written = plan.folder / "data" / f"city_{plan.name}", plan.folder / "data" / f"city_{plan.name}.written"
    if not written.is_file():
        shutil.rmtree(landing, ignore_errors=True)
        size = plan.size
        write_city(landing, size.parcels, size.enterprises, size.years, LAST_YEAR, SEED, objected=False)
        written.touch()
    return landing


def _run(plan: Plan, engine: str, landing: Path, folder: Path) -> measure.Figures:
    """Run one engine; with --years what a killed run has finished stands."""
    if not plan.size.yearly_files or (folder / _FINISHED).is_file():
        shutil.rmtree(folder, ignore_errors=True)
    limits = ("--threads", str(plan.threads), *(("--memory", plan.memory) if plan.memory else ()))
    years = map(str, plan.size.list_years())
    figures = measure.in_process("benchmarks.whole.step", engine, str(landing), str(folder), *years, *limits)
    (folder / _FINISHED).touch()
    return figures
