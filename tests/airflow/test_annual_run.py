"""`airflow dags test annual_evaluation` publishes what `landgauge evaluate` publishes, value for value."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from airflow.sdk.exceptions import AirflowSkipException

from tests.same_marts import different_tables

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
YEAR = 2024


def run(command: list[str], log: Path, extra: Mapping[str, str] | None = None, allowed: tuple[int, ...] = (0,)) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | dict(extra or {})
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    assert done.returncode in allowed, f"{command}: exit {done.returncode}, log {log}\n{done.stderr[-3000:]}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One generated city, evaluated by the command line and by the DAG, each into a warehouse of its own."""
    root = tmp_path_factory.mktemp("annual")
    city, by_command, by_dag = root / "city", root / "by_command", root / "by_dag"
    landgauge, airflow = str(BIN / "landgauge"), str(BIN / "airflow")
    size = ["--parcels", "200", "--enterprises", "600", "--years", "1", "--last-year", str(YEAR)]
    run([landgauge, "demo", "--warehouse", str(city), *size], root / "demo.log", allowed=(0, 1))
    landing = city / "landing"
    folders = ["--landing", str(landing), "--warehouse", str(by_command)]
    run([landgauge, "evaluate", *folders, "--year", str(YEAR)], root / "evaluate.log", allowed=(0, 1))
    environment = {
        "AIRFLOW_HOME": str(root / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "LANDGAUGE_LANDING": str(landing),
        "LANDGAUGE_WAREHOUSE": str(by_dag),
    }
    run(
        ["sh", str(ROOT / "deploy" / "init.sh")],
        root / "init.log",
        environment | {"PATH": f"{BIN}:{os.environ['PATH']}"},
    )
    conf = json.dumps({"year": YEAR})
    run([airflow, "dags", "test", "annual_evaluation", "--conf", conf], root / "dag.log", environment)
    return {"command": by_command, "dag": by_dag}


def again(evaluated: dict[str, Path]) -> dict[str, str | None]:
    """Run the DAG once more, and return the state of each task of the last run."""
    root = evaluated["dag"].parent
    environment = {
        "AIRFLOW_HOME": str(root / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "LANDGAUGE_LANDING": str(root / "city" / "landing"),
        "LANDGAUGE_WAREHOUSE": str(evaluated["dag"]),
    }
    command = [str(BIN / "airflow"), "dags", "test", "annual_evaluation", "--conf", json.dumps({"year": YEAR})]
    run(command, root / "again.log", environment)
    with sqlite3.connect(root / "airflow" / "airflow.db") as con:
        (last,) = con.execute("select run_id from dag_run order by id desc limit 1").fetchone()
        return dict(con.execute("select task_id, state from task_instance where run_id = ?", [last]).fetchall())


def test_the_same_tables_with_the_same_values(evaluated: dict[str, Path]) -> None:
    by_command, by_dag = (evaluated[name] / "published" / "current.duckdb" for name in ("command", "dag"))
    assert different_tables(by_command, by_dag) == {}
    with duckdb.connect(str(by_dag), read_only=True) as con:
        assert con.execute("select count(*) from marts.fct_score").fetchone()[0] > 0


def test_the_year_is_provisional_and_reported(evaluated: dict[str, Path]) -> None:
    with duckdb.connect(f"{evaluated['dag']}/published/current.duckdb", read_only=True) as con:
        assert con.execute("select year, state from marts.fct_run").fetchall() == [(YEAR, "provisional")]
    assert (evaluated["dag"] / "published" / "report" / str(YEAR) / "city.html").stat().st_size > 0


def test_a_second_run_of_an_unchanged_year_skips_every_stage_and_publishes_nothing(evaluated: dict[str, Path]) -> None:
    current = evaluated["dag"] / "published" / "kept" / "current"
    before = current.readlink(), current.resolve().stat().st_mtime_ns
    states = again(evaluated)
    assert states.pop("declared") == "success"
    assert set(states.values()) == {"skipped"}
    assert len(states) == 8
    assert (current.readlink(), current.resolve().stat().st_mtime_ns) == before


def test_the_proposal_names_the_published_run_and_only_that_can_be_approved(
    evaluated: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dags import approval
    from landgauge.errors import StageFailed

    target = {"year": YEAR, "warehouse": str(evaluated["dag"])}
    monkeypatch.setattr(approval, "targets_of_run", lambda asset: [target])
    given = {"chosen_options": ["Approve"], "responded_by_user": {"id": "7", "name": "committee"}}
    answer = SimpleNamespace(xcom_pull=lambda task_ids: given)
    monkeypatch.setattr(approval, "get_current_context", lambda: {"ti": answer})
    (proposal,) = approval.proposals()
    with duckdb.connect(f"{evaluated['dag']}/published/current.duckdb", read_only=True) as con:
        (run_id,) = con.execute("select run_id from marts.fct_run").fetchone()
    assert proposal["run_id"] == run_id
    assert run_id in proposal["summary"]
    assert approval.approved(proposal)["approved_by"] == "committee"
    with pytest.raises(StageFailed, match="was approved, but"):
        approval.approved(proposal | {"run_id": "another"})
    given["chosen_options"] = ["Reject"]
    with pytest.raises(AirflowSkipException, match="stays provisional"):
        approval.approved(proposal)
