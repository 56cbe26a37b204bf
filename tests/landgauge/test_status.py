"""What `landgauge status` shows: read from the working file, or while a run writes from what is published."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from landgauge import cli, cli_operations, journal
from landgauge.errors import COMPLAINTS, DONE, WRONG_CALL, ConfigurationError, WarehouseBusy
from landgauge.freshness import freshness
from landgauge.status import status
from landgauge.status_metrics import metrics
from landgauge.status_text import text
from reporting.runs_page import page
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
ATTEMPTS = [
    {"id": str(day), "year": 2024, "stage": "build", "started_at": f"2025-06-0{day}T08:00:00.000Z", "state": "done",
     "seconds": seconds, "peak_mb": 700.0, "rows": {"models": 132}, "complaints": ["taxes: <b>too many</b>"],
     "unchanged": False, "nodes": [{"name": "fct_x", "kind": "model", "seconds": 1.25}],
     "warned": [{"name": "limits", "state": "warn", "message": "Got 3 results"}]}
    for day, seconds in ((1, 10.0), (2, 12.0), (3, 33.0))
] + [{"id": "u", "year": 2024, "stage": "build", "started_at": "2025-06-04T07:00:00.000Z", "state": "done",
      "seconds": 0.0, "peak_mb": None, "rows": {"models": 132}, "complaints": [], "unchanged": True, "nodes": [],
      "warned": []},
     {"id": "f", "year": 2024, "stage": "score", "started_at": "2025-06-04T08:00:00.000Z", "state": "failed",
      "seconds": 1.0, "error": "StageFailed: \"odd\" scheme", "nodes": [], "warned": []}]  # fmt: skip
SEED = "dataset,due_month,due_day,approved_by,document,illustrative\n"


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
    for attempt in ATTEMPTS:
        journal.append(folder / "logs", attempt)
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


def test_the_newest_attempt_at_each_stage_is_told_also_one_that_failed(warehouse: Path) -> None:
    found = status(warehouse, NOW)
    assert [(a["stage"], a["state"], a["seconds"]) for a in found.attempts] == [
        ("build", "done", 33.0),
        ("score", "failed", 1.0),
    ]
    assert (found.attempts[0]["unchanged"], found.attempts[0]["looked_at"]) == (True, "2025-06-04T07:00:00.000Z")
    assert "StageFailed" in text(found)


def _fresh(tmp_path: Path, newest: dict[str, int], today: str, row: str = "taxes,3,31,,,true") -> dict:
    (tmp_path / "data_due.csv").write_text(f"{SEED}{row}\n", encoding="utf-8")
    return freshness(newest, date.fromisoformat(today), tmp_path)[0]


def test_a_dataset_is_late_from_the_day_after_its_due_day(tmp_path: Path) -> None:
    assert _fresh(tmp_path, {"taxes": 2023}, "2025-03-31")["state"] == "fresh"
    late = _fresh(tmp_path, {"taxes": 2023}, "2025-04-01")
    assert (late["state"], late["due_year"], late["late_since"]) == ("late", 2024, date(2025, 4, 1))
    assert _fresh(tmp_path, {"taxes": 2024}, "2025-04-01")["state"] == "fresh"
    assert _fresh(tmp_path, {"taxes": 2021}, "2025-04-01")["late_since"] == date(2023, 4, 1)
    assert _fresh(tmp_path, {"zones": 2021}, "2025-04-01")["state"] == "absent"
    assert late["illustrative"]


def test_a_due_day_that_is_no_day_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="line 2"):
        _fresh(tmp_path, {}, "2025-04-01", "taxes,13,1,,,true")


def test_strict_status_tells_of_late_datasets_by_its_exit_code(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["status", "--warehouse", str(warehouse)]
    monkeypatch.setattr(cli_operations, "_now", lambda: datetime(2027, 1, 1))
    assert cli.main(call) == DONE
    assert "2026-04-01 (illustrative due day)" in capsys.readouterr().out
    assert cli.main([*call, "--strict"]) == COMPLAINTS
    monkeypatch.setattr(cli_operations, "_now", lambda: datetime(2025, 1, 1))
    assert cli.main([*call, "--strict"]) == DONE


def test_metrics_have_a_line_for_each_figure(warehouse: Path) -> None:
    shown = metrics(status(warehouse, NOW))
    samples = [line for line in shown.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'[a-z_]+(\{([a-z_]+="(\\.|[^"\\])*",?)+\})? [-+0-9.e]+', line) for line in samples)
    for line in (
        'landgauge_stage_seconds{year="2024",stage="build"} 33',
        'landgauge_stage_state{year="2024",stage="score",state="failed"} 1',
        'landgauge_dataset_rows{dataset="parcels",year="2024"} 30',
        'landgauge_dataset_late{dataset="taxes"} 1',
        'landgauge_dataset_late{dataset="parcels"} 0',
        'landgauge_dataset_age_seconds{dataset="parcels",year="2024"} 86400',
        'landgauge_open_objections{year="2024",state="open"} 2',
    ):
        assert line in samples, line
    assert 'dataset_age_seconds{dataset="taxes"' not in shown  # not known is not 0
    assert len([line for line in shown.splitlines() if line.startswith("# TYPE")]) == len(
        {line.split("{")[0].split(" ")[0] for line in samples}
    )


def test_the_run_page_shows_that_a_stage_became_slower(warehouse: Path) -> None:
    attempts = journal.attempts(warehouse / "logs")
    shown = page(status(warehouse, NOW), attempts, ["build", "score"])
    assert re.search(r">build</td>.*>33.0</td><td class=\"n\">11.0</td><td class=\"n\">3.00<", shown)
    for part in ("Got 3 results", "&lt;b&gt;too many", "StageFailed: &#34;odd&#34; scheme", "Generated data", "fct_x"):
        assert part in shown, part
    assert "default-src 'none'" in shown
    assert not re.search(r"(src|href)=\"(?!#)|<script|<b>", shown)


def test_the_run_page_of_a_warehouse_in_which_nothing_ran(tmp_path: Path) -> None:
    target = tmp_path / "runs.html"
    call = ["status", "--warehouse", str(tmp_path), "--format", "html", "--out"]
    assert cli.main([*call, str(target)]) == DONE
    assert "No stage was recorded" in target.read_text(encoding="utf-8")
    assert cli.main([*call, str(tmp_path / "none" / "runs.html")]) == WRONG_CALL
    assert list(tmp_path.iterdir()) == [target]
