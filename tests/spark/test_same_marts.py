"""Every mart that dbt builds, and every score, made on Spark with two worker processes, equals DuckDB's and numpy's."""

from __future__ import annotations

import functools
import math
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from landgauge import stages
from landgauge.settings import PROJECT_ROOT, Settings, year_end
from scoring import of_scheme
from warehouse.publish import registry
from warehouse.spark import handover, place

pytestmark = pytest.mark.acceptance

SPARK = Path(os.environ.get("LANDGAUGE_SPARK_ENV", PROJECT_ROOT / "build" / "spark" / "env")) / "bin" / "python"
YEAR = 2024
EVALUATED = ("ingest", "build", "score", "contracts", "forecast")
SEEDS = (11, 12)
CONF = ("spark.driver.memory=1g", "spark.sql.shuffle.partitions=2", "spark.log.level=ERROR")
Table = tuple[list[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class City:
    """A year that DuckDB built, and the place at which Spark built it."""

    settings: Settings
    address: str
    marts: tuple[str, ...]
    workers: int


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], City]:
    """The city of a seed, built once."""
    return functools.cache(lambda seed: build(tmp_path_factory.mktemp(f"city{seed}"), seed))


@pytest.fixture(scope="module", params=SEEDS)
def city(request: pytest.FixtureRequest, built: Callable[[int], City]) -> City:
    return built(request.param)


def build(folder: Path, seed: int) -> City:
    """A year with all that a layer can read: one published before it, its own first result, objections to that."""
    settings = Settings(warehouse=folder, landing=folder / "landing", year=YEAR, as_of=year_end(YEAR))
    before = replace(settings, year=YEAR - 1, as_of=year_end(YEAR - 1))
    declare(settings, seed, objected=False)
    for year in (before, settings):
        run(year, (*EVALUATED, "publish"))
    declare(settings, seed, objected=True)
    run(settings, EVALUATED)
    address = (folder / "place").as_uri()
    handover.hand_over(settings, address)
    workers = build_on_spark(address, folder)
    with duckdb.connect(str(settings.database), read_only=True) as con:
        found = con.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by all"
        ).fetchall()
    return City(settings, address, tuple(name for (name,) in found), workers)


def declare(settings: Settings, seed: int, objected: bool) -> None:
    from ingestion.synthetic.city import write_city

    write_city(settings.landing, 100, 400, 2, YEAR, seed, objected=objected)


def run(settings: Settings, names: tuple[str, ...]) -> None:
    for name in names:
        stages.run_stage(name, settings)


def build_on_spark(address: str, folder: Path) -> int:
    """Build in the environment of Spark; return how many worker processes took part."""
    printed = on_workers("warehouse.spark.build", address, "--logs", str(folder / "logs"))
    return int(next(line for line in printed if line.startswith("worker processes")).split("\t")[1])


def on_workers(module: str, *given: str) -> list[str]:
    """Run a module in the environment of Spark with two worker processes; return the lines that it printed."""
    command = [str(SPARK), "-m", module, *given, "--master", "local-cluster[2,1,1024]"]
    command += [word for pair in CONF for word in ("--conf", pair)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "PYSPARK_PYTHON": str(SPARK)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
    return done.stdout.splitlines()


def rows(con: duckdb.DuckDBPyConnection, table: str, mart: str) -> Table:
    """Names of the columns in their own order, and the rows in order of the mart's key."""
    names = sorted(row[0] for row in con.execute(f"describe {table}").fetchall())
    order = ", ".join(registry()[mart].key) if mart in registry() else "all"
    return names, con.execute(f"select {', '.join(names)} from {table} order by {order}").fetchall()


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, numbers to 1e-9 of their size.

    A growth is the difference of nearly equal figures, of which the engines round the sixteenth digit in their own way:
    what is left of that is below 1e-14.
    """
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-14)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def differences(left: Table, right: Table) -> list[str]:
    """What a reader would see: other columns, another number of rows, or the first cells that differ."""
    if left[0] != right[0] or len(left[1]) != len(right[1]):
        return [f"{left[0]} with {len(left[1])} rows, {right[0]} with {len(right[1])}"]
    cells = (
        (one[:4], name, a, b)
        for one, other in zip(left[1], right[1], strict=True)
        for name, a, b in zip(left[0], one, other, strict=True)
        if not same(a, b)
    )
    return [str(cell) for _, cell in zip(range(5), cells, strict=False)]


def on_spark(con: duckdb.DuckDBPyConnection, city: City, mart: str) -> Table:
    con.register("built", place.read(f"{city.address}/marts/{mart}"))
    return rows(con, "built", mart)


def test_two_workers_took_part(city: City) -> None:
    assert city.workers == 2


def test_each_mart_is_built_or_handed_over(city: City) -> None:
    handed = place.get(city.address, handover.HANDED)
    tables = {t.split(".")[1] for t in handed["tables"] if t.startswith("marts.")}
    assert set(city.marts) == tables | {name for name in handed["build"] if not name.startswith("int_")}
    assert tables == {"qc_parcel_outside_district"}, "only what is geometry itself stays with DuckDB"


def test_every_layer_has_rows(city: City) -> None:
    """Those marts whose rows say that another year, a former result and an objection were read, too."""
    with duckdb.connect(str(city.settings.database), read_only=True) as con:
        for mart in (
            "fct_score_change",
            "fct_stage_result",
            "fct_correction_unit",
            "fct_publication_change",
            "fct_land_gap",
        ):
            assert con.execute(f"select count(*) from marts.{mart}").fetchone()[0] > 0, mart


def test_marts_are_equal(city: City) -> None:
    handed = place.get(city.address, handover.HANDED)
    found = {}
    with duckdb.connect(str(city.settings.database), read_only=True) as con:
        for mart in sorted(set(city.marts) & set(handed["build"])):
            if unlike := differences(rows(con, f"marts.{mart}", mart), on_spark(con, city, mart)):
                found[mart] = unlike
    assert not found


def test_marts_come_back_as_they_were(city: City) -> None:
    with duckdb.connect(str(city.settings.database), read_only=True) as con:
        before = {m: (rows(con, f"marts.{m}", m), con.execute(f"describe marts.{m}").fetchall()) for m in city.marts}
    taken = handover.take_back(city.settings, city.address)
    assert taken["fct_indicator_value"] > 0
    with duckdb.connect(str(city.settings.database), read_only=True) as con:
        for mart, (content, columns) in before.items():
            assert not differences(content, rows(con, f"marts.{mart}", mart)), mart
            types = [(name, kind) for name, kind, *_ in columns]
            assert types == [(n, k) for n, k, *_ in con.execute(f"describe marts.{mart}").fetchall()], mart


def test_scores_of_both_cities_in_one_job_are_equal(built: Callable[[int], City]) -> None:
    """A worker scores a city with what Spark built of it; the change since a published year is DuckDB's alone."""
    cities = [built(seed) for seed in SEEDS]
    printed = on_workers("landgauge.scores_on_spark", *(city.address for city in cities))
    counted = {name: int(count) for name, count in (line.split("\t") for line in printed if "\t" in line)}
    for city in cities:
        with duckdb.connect(str(city.settings.database), read_only=True) as con:
            for name, schema in of_scheme.OUTPUTS.items():
                con.register("scored_there", place.read(f"{city.address}/{name.replace('.', '/')}"))
                ours, theirs = (ordered(con, table, schema.names) for table in (name, "scored_there"))
                assert len(ours[1]) == counted[f"{city.address}/{name}"], name
                assert not differences(ours, theirs), name


def ordered(con: duckdb.DuckDBPyConnection, table: str, names: list[str]) -> Table:
    """The rows in the order of what names them, which stands first."""
    return names, con.execute(f"select {', '.join(names)} from {table} order by all").fetchall()
