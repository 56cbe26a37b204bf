"""What did not change is not done again, and what is done again gives what a whole run gives."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from ingestion import digests
from ingestion.synthetic.city import write_city
from landgauge import stages
from landgauge.settings import Settings, StageResult, year_end
from tests.same_marts import different_tables

pytestmark = pytest.mark.slow

YEAR = 2024
CITY = (150, 400, 2, YEAR, 11)
MEMORY = ("node", "layer", "part", "done", "settled")
LATE = "440115"  # the district whose files come as csv


def settings_for(folder: Path, year: int = YEAR) -> Settings:
    landing = folder.parent / "landing"
    return Settings(warehouse=folder, landing=landing, year=year, as_of=year_end(year), threads=2)


def evaluate(settings: Settings) -> dict[str, StageResult]:
    return {stage.name: stages.run_stage(stage.name, settings) for stage in stages.STAGES}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two years, evaluated one after the other."""
    settings = settings_for(tmp_path_factory.mktemp("unchanged") / "w")
    write_city(settings.landing, *CITY)
    for year in (YEAR - 1, YEAR):
        evaluate(settings_for(settings.warehouse, year))
    return settings


def state(settings: Settings) -> dict[str, tuple[int, int]]:
    """Time and size of every file but logs, the lock and digests of landed files, written whenever somebody looks."""
    files = [p for p in settings.warehouse.rglob("*") if p.is_file()]
    own = [p for p in files if "logs" not in p.parts and p.name not in ("warehouse.lock", digests.FILE)]
    return {p.relative_to(settings.warehouse).as_posix(): (p.stat().st_mtime_ns, p.stat().st_size) for p in own}


def test_nothing_changed_nothing_is_written(city: Settings) -> None:
    before = state(city)
    for year in (YEAR, YEAR - 1, YEAR):
        results = evaluate(settings_for(city.warehouse, year))
        assert [name for name, result in results.items() if not result.unchanged] == []
        assert results["publish"].rows["tables"] > 50
    assert state(city) == before


def drop_last(path: Path) -> None:
    """Leave the last line of a file out."""
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def test_one_file_changed_gives_what_a_whole_run_gives(city: Settings) -> None:
    """One file after the other, each on top of the changes before it; beside a warehouse that remembers nothing."""
    year = city.landing / "{}" / str(YEAR)
    changes = {
        "agreement_events": str(year).format("agreement_events") + "/agreement_events_city.csv",
        "energy": str(year).format("energy") + f"/energy_{LATE}.csv",
    }
    built = {}
    for dataset, path in changes.items():
        whole = settings_for(city.warehouse.with_name(f"whole-{dataset}"))
        shutil.copytree(city.warehouse, whole.warehouse, symlinks=True)
        drop_last(Path(path))
        results = evaluate(city)
        forget(whole)
        everything = evaluate(whole)
        assert different_tables(city.snapshot, whole.snapshot) == {}, dataset
        built[dataset] = {name: result.rows.get("models", 0) for name, result in results.items()}
        most = {name: result.rows.get("models", 0) for name, result in everything.items()}
        assert 0 < sum(built[dataset].values()) < sum(most.values()), dataset
        shutil.rmtree(whole.warehouse)
    assert built["agreement_events"]["build"] < built["energy"]["build"]


def forget(settings: Settings) -> None:
    with duckdb.connect(str(settings.database)) as con:
        for table in MEMORY:
            con.execute(f"drop table run.{table}")
