"""What `landgauge status` shows: read from the working file, or while a run writes from what is published."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from landgauge import cli
from landgauge.errors import DONE, WRONG_CALL, WarehouseBusy
from landgauge.status import status
from landgauge.status_text import text
from tests.warehouse.tiny_city import publish_run, settings_for
from warehouse import db, lock, manifest

NOW = datetime(2025, 6, 2)
LOADED = (
    "select * from (values "
    "('parcels', 2023, 'a.csv', 10, 0, 'loaded', timestamp '2024-06-01'), "
    "('parcels', 2024, 'b.csv', 30, 3, 'loaded', timestamp '2025-06-01'), "
    "('parcels', 2024, 'c.csv', 10, 1, 'superseded', timestamp '2025-05-01'), "
    "('taxes', 2023, 'd.csv', 5, 0, 'loaded', timestamp '2024-06-01')) "
    "as t(dataset, data_year, file_name, rows_in, quarantined, state, loaded_at)"
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("status")
    publish_run(folder, 1)
    settings = settings_for(folder)
    manifest.record_stage(settings, "build", datetime(2025, 6, 1), 12.5, 700.0, {"models": 132})
    with db.connect(settings) as con:
        con.execute(f"create schema ledger; create table ledger.load as {LOADED}")
    with duckdb.connect(str((folder / "published" / "current.duckdb").resolve())) as con:
        con.execute(f"create table marts.fct_load as select data_year as year, * exclude data_year from ({LOADED})")
        con.execute("delete from marts.fct_load where dataset = 'taxes'")
        con.execute(
            "create table marts.fct_objection as select 2024 as year, unnest(['open', 'late', 'open']) as state"
        )
    (folder / "logs").mkdir(exist_ok=True)
    (folder / "logs" / "error.log").write_text("Traceback\nValueError: what went wrong\n", encoding="utf-8")
    return folder


def test_all_is_told_from_the_working_file(warehouse: Path) -> None:
    found = status(warehouse, NOW)
    assert (found.writer, found.notes, found.input_year) == (None, [], 2024)
    assert [(r["year"], r["state"], r["run_id"]) for r in found.runs] == [(2024, "provisional", "0000000000000001")]
    assert [(s["stage"], s["seconds"], s["rows"]) for s in found.stages] == [("build", 12.5, {"models": 132})]
    parcels, taxes = found.inputs
    told = [parcels[c] for c in ("files", "rows_in", "quarantined_share", "age_days", "missing_years")]
    assert told == [1, 30, 0.1, 1.0, []]
    assert [taxes[c] for c in ("files", "rows_in", "quarantined_share", "age_days")] == [0, 0, None, None]
    assert taxes["missing_years"] == [2024]
    assert found.objections == [{"year": 2024, "state": "open", "objections": 2}]
    assert found.error is not None
    assert found.error["said"] == "ValueError: what went wrong"
    assert found.disk["published/kept/000001-0000000000000001"] > found.disk["published"]


def test_while_a_run_writes_the_snapshot_is_shown(warehouse: Path) -> None:
    with lock.writer(settings_for(warehouse)):
        found = status(warehouse, NOW)
    assert found.writer is not None
    assert "year 2024" in found.writer.name
    assert found.stages == []
    assert [i["dataset"] for i in found.inputs] == ["parcels"]
    assert "being written" in text(found)


def test_a_run_waits_while_the_warehouse_is_looked_at(warehouse: Path) -> None:
    def look() -> None:
        with lock.looking(warehouse):
            looking.set()
            time.sleep(0.2)

    looking = threading.Event()
    other = threading.Thread(target=look)
    other.start()
    looking.wait()
    started = time.monotonic()
    with lock.writer(settings_for(warehouse)):
        assert time.monotonic() - started > 0.1
    other.join()


def test_a_working_file_that_another_process_looks_at_is_waited_for(warehouse: Path) -> None:
    code = "import duckdb, sys, time; con = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); "
    command = [sys.executable, "-c", f"{code} time.sleep(0.3)", str(warehouse / "warehouse.duckdb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "open\n"
        with db.connect(settings_for(warehouse)) as con:
            assert con.execute("select count(*) from run.stage").fetchone() == (1,)


def test_a_run_does_not_wait_for_a_writer(warehouse: Path) -> None:
    settings = settings_for(warehouse)
    with lock.writer(settings):
        lock._held.clear()  # as another process sees it
        started = time.monotonic()
        with pytest.raises(WarehouseBusy), lock.writer(settings):
            pass
        assert time.monotonic() - started < 1


def test_json_and_text(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["status", "--warehouse", str(warehouse)]
    assert cli.main([*call, "--format", "json"]) == DONE
    assert json.loads(capsys.readouterr().out)["runs"][0]["year"] == 2024
    assert cli.main(call) == DONE
    shown = capsys.readouterr().out
    for part in ("nobody writes", "10.00%", "models 132", "open objections", "ValueError: what went wrong"):
        assert part in shown


def test_an_empty_folder_and_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--warehouse", str(tmp_path)]) == DONE
    assert "nothing is published" in capsys.readouterr().out
    assert cli.main(["status", "--warehouse", str(tmp_path / "none")]) == WRONG_CALL
    assert list(tmp_path.iterdir()) == []
