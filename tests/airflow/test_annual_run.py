"""`airflow dags test annual_evaluation` publishes what `landgauge evaluate` publishes, value for value."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
YEAR = 2024
TIMES = {"fct_run": ("started_at", "finished_at", "published_at"), "fct_load": ("loaded_at",)}


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


def test_the_same_tables_with_the_same_values(evaluated: dict[str, Path]) -> None:
    with duckdb.connect() as con:
        for name, folder in evaluated.items():
            con.execute(f"attach '{folder}/published/current.duckdb' as by_{name} (read_only)")
        tables = [_tables(con, f"by_{name}") for name in evaluated]
        assert tables[0] == tables[1]
        assert len(tables[0]) > 15
        different = {table: n for table in tables[0] if (n := _differences(con, table))}
        assert different == {}
        assert con.execute("select count(*) from by_dag.marts.fct_score").fetchone()[0] > 0


def test_the_year_is_provisional_and_reported(evaluated: dict[str, Path]) -> None:
    with duckdb.connect(f"{evaluated['dag']}/published/current.duckdb", read_only=True) as con:
        assert con.execute("select year, state from marts.fct_run").fetchall() == [(YEAR, "provisional")]
    assert (evaluated["dag"] / "published" / "report" / str(YEAR) / "city.html").stat().st_size > 0


def test_the_proposal_names_the_published_run_and_only_that_can_be_approved(
    evaluated: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dags import approval
    from landgauge.errors import StageFailed

    target = {"year": YEAR, "warehouse": str(evaluated["dag"])}
    monkeypatch.setattr(approval, "targets_of_run", lambda asset: [target])
    answer = SimpleNamespace(xcom_pull=lambda task_ids: {"responded_by_user": {"id": "7", "name": "committee"}})
    monkeypatch.setattr(approval, "get_current_context", lambda: {"ti": answer})
    (proposal,) = approval.proposals()
    with duckdb.connect(f"{evaluated['dag']}/published/current.duckdb", read_only=True) as con:
        (run_id,) = con.execute("select run_id from marts.fct_run").fetchone()
    assert proposal["run_id"] == run_id
    assert run_id in proposal["summary"]
    assert approval.approved(proposal)["approved_by"] == "committee"
    with pytest.raises(StageFailed, match="was approved, but"):
        approval.approved(proposal | {"run_id": "another"})


def _tables(con: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    sql = "select table_name from duckdb_tables() where database_name = ? and schema_name = 'marts' order by all"
    return [name for (name,) in con.execute(sql, [database]).fetchall()]


def _differences(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows that only one side has, duplicates counted."""
    times = TIMES.get(table, ())
    columns = f"* exclude ({', '.join(times)})" if times else "*"
    sides = [f"select {columns} from by_{name}.marts.{table}" for name in ("command", "dag")]
    both = [f"(({a}) except all ({b}))" for a, b in (sides, sides[::-1])]
    return con.execute(f"select count(*) from ({' union all '.join(both)})").fetchone()[0]
