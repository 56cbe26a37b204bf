"""Airflow as docker-compose.yml starts it, over its REST API alone, beside the same orders by command line."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from tests.orchestration.by_command import FIRST, LAST, YEARS, ByCommand
from tests.orchestration.deployment import Deployment
from tests.orchestration.measured import wall
from tests.orchestration.rest import Api, token, waited
from tests.same_marts import different_tables

pytestmark = pytest.mark.acceptance


def runs(warehouse: Path) -> list[tuple[int, str, str | None]]:
    with duckdb.connect(str(warehouse / "published" / "current.duckdb"), read_only=True) as con:
        return con.execute("select year, state, approved_by from marts.fct_run order by year, published_at").fetchall()


def states(api: Api, run: dict[str, Any]) -> dict[str, str]:
    return {task["task_id"]: task["state"] for task in api.tasks(run["dag_id"], run["dag_run_id"])}


def published(warehouse: Path) -> dict[str, tuple[int, int]]:
    """What readers see, file by file behind the links: inode and time of the last change."""
    folder = (warehouse / "published" / "current.duckdb").resolve().parent
    files = [path for place in (folder, warehouse / "published") for path in place.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def same(deployment: Deployment, by_command: ByCommand) -> dict[str, int]:
    name = Path("published") / "current.duckdb"
    return different_tables(deployment.warehouse / name, by_command.warehouse / name)


def test_every_service_is_healthy(deployment: Deployment) -> None:
    watched = [name for name, service in deployment.services.items() if service.health]
    assert len(watched) >= 4
    for name in watched:
        waited(f"{name} is healthy", partial(deployment.healthy, name), 60)


def test_every_dag_file_is_understood(api: Api, figures: dict[str, Any]) -> None:
    assert api.get("/importErrors")["import_errors"] == []
    assert len(figures["dag_parse_seconds"]) >= 5


def test_nobody_gets_in_without_the_password(deployment: Deployment) -> None:
    assert token(deployment.url, "admin", "wrong").status_code in (401, 403)
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        for method, path in (("GET", "/dags"), ("POST", "/dags/annual_evaluation/dagRuns")):
            refused = httpx.request(method, f"{deployment.url}/api/v2{path}", headers=headers, json={})
            assert refused.status_code in (401, 403), (method, path, headers)


def test_the_year_is_published_as_provisional(
    deployment: Deployment, by_command: ByCommand, evaluated: dict[str, Any]
) -> None:
    assert evaluated["state"] == "success"
    assert runs(deployment.warehouse) == [(FIRST, "provisional", None)]
    assert same(deployment, by_command) == {}


def test_the_proposal_names_the_run_and_its_counts(deployment: Deployment, api: Api, proposed: str) -> None:
    (detail,) = api.get(f"/dags/publish/dagRuns/{proposed}/hitlDetails")["hitl_details"]
    with duckdb.connect(str(deployment.warehouse / "published" / "current.duckdb"), read_only=True) as con:
        (run_id,) = con.execute("select run_id from marts.fct_run").fetchone()
        counts = [
            con.execute(f"select count(*) from marts.fct_{n}_year").fetchone()[0] for n in ("parcel", "enterprise")
        ]
    assert run_id in detail["body"]
    assert all(f": {count:,}\n" in detail["body"] for count in counts), detail["body"]


def test_a_viewer_starts_nothing_and_answers_nothing(deployment: Deployment, proposed: str) -> None:
    person = ["--username", "onlooker", "--firstname", "o", "--lastname", "o", "--email", "o@localhost"]
    deployment.run("scheduler", ["airflow", "users", "create", "--role", "Viewer", *person, "--password", "o-o-o"])
    viewer = Api(deployment.url, "onlooker", "o-o-o")
    assert viewer.get("/dags/annual_evaluation")["dag_id"] == "annual_evaluation"
    started = viewer.ask("POST", "/dags/annual_evaluation/dagRuns", {"logical_date": None, "conf": {"year": FIRST}})
    assert started.status_code == 403
    assert viewer.answer(proposed, "Approve").status_code == 403


def test_a_rejected_year_stays_provisional(deployment: Deployment, api: Api, rejected: dict[str, Any]) -> None:
    assert states(api, rejected)["publish"] == "skipped"
    assert runs(deployment.warehouse) == [(FIRST, "provisional", None)]


def test_an_approved_year_is_final_with_the_name(
    deployment: Deployment, by_command: ByCommand, approved: dict[str, Any]
) -> None:
    assert approved["state"] == "success"
    assert runs(deployment.warehouse) == [(FIRST, "provisional", None), (FIRST, "final", "admin")]
    assert same(deployment, by_command) == {}


def test_a_backfill_goes_through_a_killed_scheduler_and_a_restarted_database(
    deployment: Deployment, by_command: ByCommand, backfilled: list[str]
) -> None:
    assert backfilled == ["success"] * len(YEARS)
    assert deployment.restarts.get("scheduler", 0) >= 1
    assert [run for run in runs(deployment.warehouse) if run[0] > FIRST] == [
        (y, "provisional", None) for y in YEARS[1:]
    ]
    assert same(deployment, by_command) == {}


def test_years_are_worked_on_one_after_the_other(api: Api, backfilled: list[str]) -> None:
    spans = sorted((r["start_date"], r["end_date"]) for r in api.runs("annual_evaluation"))
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans)), spans


def test_the_same_backfill_by_command_line_changes_nothing(
    deployment: Deployment, by_command: ByCommand, repeated: list[str]
) -> None:
    assert repeated == ["success"] * len(YEARS)
    assert same(deployment, by_command) == {}


def test_a_run_with_nothing_changed_writes_nothing(
    deployment: Deployment, api: Api, repeated: list[str], figures: dict[str, Any]
) -> None:
    before = published(deployment.warehouse)
    run = api.ended("annual_evaluation", api.trigger("annual_evaluation", {"year": LAST}))
    assert run["state"] == "success"
    figures["unchanged_dag_seconds"] = wall(run)
    assert published(deployment.warehouse) == before
    assert "success" not in {states(api, run)[stage] for stage in ("ingest", "build", "score", "publish", "report")}


def test_the_contract_calendar_of_a_day(deployment: Deployment, api: Api, repeated: list[str]) -> None:
    api.unpause("contract_calendar")
    run = api.ended("contract_calendar", api.trigger("contract_calendar", {"as_of": f"{LAST + 1}-07-01"}))
    assert run["state"] == "success"
    assert list((deployment.warehouse / "worklists" / f"{LAST + 1}-07-01").rglob("*.xlsx"))
