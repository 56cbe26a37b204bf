"""The DAGs as Airflow itself parses them: ids, order, parameters, pools, assets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WRITES = {"ingest", "check", "build", "score", "contracts", "forecast", "publish", "report", "worklists", "returns"}
IDS = {
    *("ingest_declarations", "build_marts", "await_declarations", "annual_evaluation", "publish"),
    *("objections", "contract_calendar", "outputs"),
}


@pytest.fixture(scope="session")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "LANDGAUGE_LANDING": "/srv/landing",
        "LANDGAUGE_WAREHOUSE": "/srv/warehouse",
        "LANDGAUGE_APPROVERS": "7:committee, admin",
    }
    script = str(Path(__file__).with_name("dump_dags.py"))
    # Elsewhere, and without PYTHONPATH: DAG files find the project by themselves.
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [sys.executable, script], env=environment, cwd=home, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_dags_parse_from_files_of_their_name(bag: dict[str, Any]) -> None:
    assert bag["errors"] == {}
    assert set(bag["dags"]) == IDS
    assert bag["files"] == sorted(f"{dag_id}.py" for dag_id in IDS)


def test_parsing_imports_nothing_heavy(bag: dict[str, Any]) -> None:
    assert bag["heavy"] == []


def test_annual_evaluation_is_every_stage_in_order(bag: dict[str, Any]) -> None:
    from landgauge.stages import STAGES

    tasks = bag["dags"]["annual_evaluation"]["tasks"]
    names = ["declared", *(stage.name for stage in STAGES)]
    assert list(tasks) == names
    assert [tasks[name]["upstream"] for name in names] == [[], *([before] for before in names[:-1])]


def test_a_stage_runs_after_one_that_was_skipped_as_unchanged(bag: dict[str, Any]) -> None:
    from landgauge.stages import STAGES

    names = {"worklists"} | {stage.name for stage in STAGES}
    rules = {(d, t): f["rule"] for d, dag in bag["dags"].items() for t, f in dag["tasks"].items() if t in names}
    assert set(rules.values()) == {"none_failed"}


def test_annual_evaluation_never_waits_for_a_person(bag: dict[str, Any]) -> None:
    waiting = {
        d: [t for t, f in dag["tasks"].items() if f["kind"] == "ApprovalOperator"] for d, dag in bag["dags"].items()
    }
    assert waiting == {dag_id: ["approve"] if dag_id == "publish" else [] for dag_id in IDS}


def test_tasks_that_write_share_the_one_slot_pool(bag: dict[str, Any]) -> None:
    pools = {(d, t): f["pool"] for d, dag in bag["dags"].items() for t, f in dag["tasks"].items()}
    assert {key for key, pool in pools.items() if pool == "landgauge_writer"} == {k for k in pools if k[1] in WRITES}
    assert "landgauge_writer 1 " in (ROOT / "deploy" / "init.sh").read_text(encoding="utf-8")


def test_every_task_says_what_it_does_and_has_owner_timeout_notice_and_retries_with_back_off(
    bag: dict[str, Any],
) -> None:
    tasks = {(d, t): f for d, dag in bag["dags"].items() for t, f in dag["tasks"].items()}
    assert {key for key, f in tasks.items() if len(f["doc"]) < 40 or "\n\n" in f["doc"]} == set()
    assert {key for key, f in tasks.items() if f["owner"] != "landgauge" or not f["timeout_s"]} == set()
    assert {key for key, f in tasks.items() if f["notifies"] != ["task_failed"]} == set()
    assert {key for key, f in tasks.items() if f["retries"] < 1 or f["backoff"] <= 1 or f["delay_s"] < 30} == set()


def test_every_dag_ends_in_time_and_tells_when_it_failed(bag: dict[str, Any]) -> None:
    for dag_id, dag in bag["dags"].items():
        longest = max(f["timeout_s"] for f in dag["tasks"].values())
        assert dag["timeout_s"] > longest, dag_id
        assert dag["notifies"] == ["run_failed"], dag_id


def test_only_those_who_are_named_may_approve(bag: dict[str, Any]) -> None:
    named = bag["dags"]["publish"]["tasks"]["approve"]["assigned"]
    assert named == [{"id": "7", "name": "committee"}, {"id": "admin", "name": "admin"}]


def test_parameters_are_typed_explained_and_taken_from_the_environment(bag: dict[str, Any]) -> None:
    params = bag["dags"]["annual_evaluation"]["params"]
    assert set(params) == {"year", "as_of", "schemes", "landing", "warehouse"}
    assert params["year"]["schema"]["type"] == ["null", "integer"]
    assert (params["landing"]["value"], params["warehouse"]["value"]) == ("/srv/landing", "/srv/warehouse")
    every = [p for dag in bag["dags"].values() for p in dag["params"].values()]
    assert all(p["schema"]["type"] and p["schema"]["title"] and p["description"] for p in every)


def test_assets_connect_the_dags(bag: dict[str, Any]) -> None:
    dags = bag["dags"]
    made = {d: [a for f in dag["tasks"].values() for a in f["outlets"]] for d, dag in dags.items()}
    assert dags["build_marts"]["assets"] == made["ingest_declarations"] == ["landgauge_raw_declarations"]
    assert dags["publish"]["assets"] == made["annual_evaluation"] == ["landgauge_provisional_evaluation"]
    assert dags["annual_evaluation"]["tasks"]["publish"]["outlets"] == made["annual_evaluation"]
    assert (made["build_marts"], made["publish"]) == (["landgauge_indicator_marts"], ["landgauge_final_evaluation"])
    assert dags["outputs"]["assets"] == sorted(made["annual_evaluation"] + made["publish"])


def test_every_dag_is_documented_tagged_and_does_not_catch_up(bag: dict[str, Any]) -> None:
    for dag in bag["dags"].values():
        assert len(dag["doc"]) > 100
        assert "landgauge" in dag["tags"]
        assert len(dag["tags"]) > 1
        assert dag["catchup"] is False
    assert bag["dags"]["contract_calendar"]["cron"] == "0 3 1 * *"
