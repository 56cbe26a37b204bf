"""What the DAGs wait for: the parcels of a year, whole; and objections that no publication knows yet."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from airflow.sdk import exceptions

from dags import landed, wiring
from landgauge.errors import StageFailed

YEAR = 2024


def file(landing: Path, name: str, text: str = "x", age_s: float = 600) -> Path:
    path = landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def settings(root: Path) -> Any:
    return wiring.settings_of({"year": YEAR, "warehouse": str(root / "w"), "landing": str(root / "landing")})


def test_the_parcels_have_come_when_they_stand_and_do_not_grow(tmp_path: Path) -> None:
    assert not landed.has_come(settings(tmp_path))
    for name in (f"parcels/{YEAR - 1}/old.csv", f"taxes/{YEAR}/taxes.csv", f"parcels/{YEAR}/.part.csv"):
        file(tmp_path / "landing", name)
    assert not landed.has_come(settings(tmp_path))
    growing = file(tmp_path / "landing", f"parcels/{YEAR}/new.csv", age_s=1)
    assert not landed.has_come(settings(tmp_path))
    os.utime(growing, (time.time() - 600,) * 2)
    assert landed.has_come(settings(tmp_path))


def test_the_mapping_says_where_the_parcels_are(tmp_path: Path) -> None:
    file(tmp_path / "landing", "mapping.yml", "- {files: 'in/*.csv', year: 2024, datasets: {parcels: {}}}\n")
    assert not landed.has_come(settings(tmp_path))
    file(tmp_path / "landing", "in/all.csv")
    assert landed.has_come(settings(tmp_path))


def test_what_only_ingest_can_fetch_is_not_waited_for(tmp_path: Path) -> None:
    away = wiring.settings_of({"year": YEAR, "warehouse": str(tmp_path), "landing": "s3://BUREAU@declarations"})
    assert landed.has_come(away)
    file(tmp_path / "landing", "sources.yml", "[]")
    assert landed.has_come(settings(tmp_path))


def event(trigger: landed.FilesTrigger) -> dict[str, Any]:
    async def first() -> dict[str, Any]:
        return (await anext(trigger.run())).payload

    return asyncio.run(first())


def test_the_trigger_is_found_by_its_name_and_fires_after_two_equal_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landed, "LOOK_EVERY", timedelta(milliseconds=1))
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    name, fields = landed.FilesTrigger(str(tmp_path), YEAR, soon).serialize()
    module, _, kind = name.rpartition(".")
    again = getattr(importlib.import_module(module), kind)(**fields)
    file(tmp_path, f"parcels/{YEAR}/a.csv")
    sizes = iter([1, 2, 3, 3])
    look = again._look
    monkeypatch.setattr(again, "_look", lambda: [[n, next(sizes), t] for n, _, t in look()])
    assert event(again) == {"files": 1}
    assert next(sizes, None) is None


def test_the_deadline_passes_and_the_message_says_what_is_missing(tmp_path: Path) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    late = event(landed.FilesTrigger(str(tmp_path), YEAR, past))
    operator = landed.AwaitFiles(task_id="await_files")
    with pytest.raises(
        exceptions.AirflowFailException, match=rf"No parcels file of {YEAR}.*Put it into parcels/{YEAR}"
    ):
        operator.arrived({}, late, {"year": YEAR, "landing": str(tmp_path)})
    assert operator.arrived({}, {"files": 2}, {"year": YEAR}) == {"year": YEAR}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A snapshot of 2023 and 2024 that knows one objection file."""
    known = file(tmp_path / "landing", f"objections/{YEAR}/first.csv", "first")
    digest = hashlib.sha256(known.read_bytes()).hexdigest()
    snapshot = tmp_path / "w" / "published" / "current.duckdb"
    snapshot.parent.mkdir(parents=True)
    with duckdb.connect(snapshot) as con:
        con.execute("create schema marts; create table marts.fct_load (dataset varchar, file_sha256 varchar)")
        con.execute("insert into marts.fct_load values ('objections', ?)", [digest])
        con.execute(
            "create table marts.fct_run as select 'r' as run_id, y::int as year, make_date(y, 11, 30) as as_of_date, "
            "['s'] as schemes, now()::timestamp as published_at from range(2023, 2025) as t (y)"
        )
    return tmp_path


def asked(monkeypatch: pytest.MonkeyPatch, root: Path, **params: Any) -> list[dict[str, Any]]:
    places = {"landing": str(root / "landing"), "warehouse": str(root / "w"), "year": None}
    run = SimpleNamespace(run_after=datetime(2025, 5, 4, tzinfo=UTC))
    monkeypatch.setattr(landed, "get_current_context", lambda: {"params": places | params, "dag_run": run})
    return [{k: v for k, v in target.items() if k not in places or k == "year"} for target in landed.objected_targets()]


def test_new_objections_and_corrections_ask_for_their_published_year(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(monkeypatch, published) == []
    for name in (f"parcels/{YEAR}/more.csv", f"objections/{YEAR + 1}/unpublished.csv"):
        file(published / "landing", name)
    assert asked(monkeypatch, published) == []
    file(published / "landing", "corrections/2023/late.csv", "late")
    as_last_time = {"year": 2023, "as_of": "2023-11-30", "schemes": ["s"]}
    assert asked(monkeypatch, published) == [as_last_time]
    file(published / "landing", f"public_notices/{YEAR}/notice.csv", "notice")
    assert [found["year"] for found in asked(monkeypatch, published)] == [2023, YEAR]
    assert asked(monkeypatch, published, year=2023) == [as_last_time]


def test_nothing_published_is_nothing_to_object_to(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file(published / "landing", f"corrections/{YEAR}/late.csv", "late")
    assert asked(monkeypatch, published, warehouse=str(published / "new")) == []
    with pytest.raises(StageFailed, match="2020 is not published"):
        asked(monkeypatch, published, year=2020)
    with pytest.raises(exceptions.AirflowSkipException, match="by hand"):
        asked(monkeypatch, published, landing="s3://BUREAU@declarations")
