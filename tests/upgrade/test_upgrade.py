"""A warehouse of an earlier version goes on: the same marts as one that today's version made from the same files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from landgauge import stages
from landgauge.settings import Settings, year_end

from .kept_warehouse import EVALUATED, NEXT, unpack

pytestmark = pytest.mark.slow
BY_STAGES = ("ingest", "build", "score", "contracts", "forecast", "publish")
# What may differ: times, and which run a row was first published by. What tells of earlier runs has a test of its own.
MOMENTS = {"run_id", "previous_run_id", "from_run_id", "started_at", "finished_at", "published_at", "loaded_at"}
EARLIER_RUNS = {"fct_run", "fct_publication", "fct_publication_change"}
LEDGER = (
    "select load_id, file_sha256, dataset, data_year, file_name, state, superseded_by, recorded_at from ledger.load"
)


def evaluate(folder: Path, year: int, names: tuple[str, ...] = BY_STAGES) -> None:
    settings = Settings(folder, year, year_end(year), folder / "landing")
    for name in names:
        stages.run_stage(name, settings)


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


def published(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    return ask(folder / "published" / "current.duckdb", sql)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(tmp_path_factory.mktemp("old"))


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = unpack(tmp_path_factory.mktemp("upgraded"))
    for year in (EVALUATED, NEXT):
        evaluate(folder, year)
    return folder


@pytest.fixture(scope="module")
def fresh(old: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by today's version alone: the file that was handed in anew comes first as it was, then as it is."""
    folder = tmp_path_factory.mktemp("fresh")
    shutil.copytree(old / "landing", folder / "landing")
    ((digest, name),) = ask(
        old / "warehouse.duckdb", "select file_sha256, file_name from ledger.load where state = 'superseded'"
    )
    shutil.copyfile(old / "files" / digest, folder / "landing" / name)
    evaluate(folder, EVALUATED, ("ingest",))
    shutil.copyfile(old / "landing" / name, folder / "landing" / name)
    for year in (EVALUATED, NEXT):
        evaluate(folder, year)
    return folder


def test_the_marts_are_those_of_todays_version(upgraded: Path, fresh: Path) -> None:
    with duckdb.connect() as con:
        for side, folder in (("upgraded", upgraded), ("fresh", fresh)):
            con.execute(f"attach '{folder / 'published' / 'current.duckdb'}' as {side} (read_only)")
        columns: dict[str, dict[str, list[str]]] = {"upgraded": {}, "fresh": {}}
        for side, table, column in con.execute(
            "select database_name, table_name, column_name from duckdb_columns() "
            "where schema_name = 'marts' and database_name in ('upgraded', 'fresh') order by all"
        ).fetchall():
            columns[side].setdefault(table, []).append(column)
        assert columns["upgraded"] == columns["fresh"]
        different = {}
        for table in set(columns["fresh"]) - EARLIER_RUNS:
            names = ", ".join(c for c in columns["fresh"][table] if c not in MOMENTS)
            one, other = (f"select {names} from {side}.marts.{table}" for side in ("upgraded", "fresh"))
            sql = f"select count(*) from (({one} except all {other}) union all ({other} except all {one}))"
            different[table] = con.execute(sql).fetchone()[0]
    assert len(different) > 50
    assert {table: rows for table, rows in different.items() if rows} == {}


def test_both_are_the_same_runs(upgraded: Path, fresh: Path) -> None:
    for table in ("dim_parcel", "fct_score", "fct_indicator_value"):
        runs = f"select distinct year, run_id from marts.{table} order by all"
        assert published(upgraded, runs) == published(fresh, runs), table


def test_nothing_is_lost(old: Path, upgraded: Path) -> None:
    earlier, now = (f"{LEDGER} where data_year <= {EVALUATED} order by load_id",) * 2
    before = ask(old / "warehouse.duckdb", earlier)
    assert ask(upgraded / "warehouse.duckdb", now)[: len(before)] == before
    rows = "select count(*) from raw.{} where data_year = " + str(EVALUATED)
    for dataset in ("parcels", "taxes", "corrections", "objections"):
        assert ask(upgraded / "warehouse.duckdb", rows.format(dataset)) == ask(
            old / "warehouse.duckdb", rows.format(dataset)
        )
    runs = "select run_id, state, year, approved_by, inputs_sha256, published_at from marts.fct_run"
    assert set(published(old, runs)) < set(published(upgraded, runs))
    assert {p.name for p in (old / "files").iterdir()} <= {p.name for p in (upgraded / "files").iterdir()}


def test_the_earlier_result_is_told(old: Path, upgraded: Path) -> None:
    """Each unit whose result the upgrade changed is listed with its result by the earlier run, and no other."""
    unit = "scale, unit_code, scheme_code, scheme_version"
    ((former,),) = published(old, "select run_id from marts.fct_run order by published_at desc limit 1")
    with duckdb.connect() as con:
        for side, folder in (("old", old), ("now", upgraded)):
            con.execute(f"attach '{folder / 'published' / 'current.duckdb'}' as {side} (read_only)")
        expected = con.execute(
            f"select {unit}, o.score, n.score from (from old.marts.fct_score where year = {EVALUATED}) as o "
            f"full join (from now.marts.fct_score where year = {EVALUATED}) as n using ({unit}) "
            "where o.score is distinct from n.score or o.grade is distinct from n.grade or o.rated is null "
            "or n.rated is null order by all"
        ).fetchall()
        told = con.execute(
            f"select {unit}, score_before, score_after from now.marts.fct_publication_change "
            f"where year = {EVALUATED} and from_run_id = '{former}' order by all"
        ).fetchall()
    assert told == expected
