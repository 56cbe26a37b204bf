"""One deployment and one generated city; each fixture below is a step that takes up where the one before it ended."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.synthetic.city import write_city
from tests.orchestration import measured
from tests.orchestration.by_command import FIRST, LAST, YEARS, ByCommand
from tests.orchestration.deployment import Deployment, deployed
from tests.orchestration.rest import Api, waited

PLACE = Path(os.environ.get("ORCHESTRATION", "build/orchestration")).resolve()
PROGRAMS = PLACE / "env" / "bin"
MIDDLE = "build"  # the longest stage: what happens some seconds after its start happens in its middle


@pytest.fixture(scope="session")
def figures() -> Iterator[dict[str, Any]]:
    """What was measured on the way; written to report.json and printed at the end, also when a test failed."""
    found: dict[str, Any] = {}
    yield found
    (PLACE / "report.json").write_text(text := json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"\n{PLACE / 'report.json'}\n{text}")


@pytest.fixture(scope="session")
def deployment(figures: dict[str, Any]) -> Iterator[Deployment]:
    with deployed(PLACE / "run", PROGRAMS) as services:
        write_city(services.landing, 200, 600, len(YEARS), LAST, 1)
        figures["seconds_to_healthy"] = services.start()
        figures["dag_parse_seconds"] = measured.parse_seconds(services)
        services.api().unpause("annual_evaluation", "publish")
        yield services
        figures["restarts"] = services.restarts


@pytest.fixture(scope="session")
def api(deployment: Deployment) -> Api:
    return deployment.api()


@pytest.fixture(scope="session")
def by_command(deployment: Deployment) -> ByCommand:
    """The first year, evaluated by command line before Airflow has anything to do."""
    done = ByCommand(deployment, PROGRAMS)
    done.evaluate(FIRST)
    return done


@pytest.fixture(scope="session")
def evaluated(deployment: Deployment, api: Api, by_command: ByCommand, figures: dict[str, Any]) -> dict[str, Any]:
    """The first year evaluated by the DAG, triggered over REST; returns the run."""
    run = api.ended("annual_evaluation", api.trigger("annual_evaluation", {"year": FIRST}))
    figures["annual"] = measured.annual(deployment, api, run, FIRST, by_command.seconds[FIRST])
    return run


@pytest.fixture(scope="session")
def proposed(evaluated: dict[str, Any], api: Api) -> str:
    """The id of the run of `publish` that the provisional year started, when it waits for an answer."""
    run = api.first_run("publish")
    api.task_in("publish", run, "approve", ("awaiting_input", "failed"))
    return run


@pytest.fixture(scope="session")
def rejected(proposed: str, api: Api) -> dict[str, Any]:
    assert api.answer(proposed, "Reject").status_code == 200
    return api.ended("publish", proposed)


@pytest.fixture(scope="session")
def approved(rejected: dict[str, Any], api: Api, by_command: ByCommand) -> dict[str, Any]:
    """The same year proposed again by hand, and approved; also by command line."""
    run = api.trigger("publish", {"year": FIRST})
    api.task_in("publish", run, "approve", ("awaiting_input",))
    assert api.answer(run, "Approve").status_code == 200
    by_command.approve(FIRST, "admin")
    return api.ended("publish", run)


@pytest.fixture(scope="session")
def backfilled(approved: dict[str, Any], deployment: Deployment, api: Api, by_command: ByCommand) -> list[str]:
    """Every year by a backfill over REST: in one year the scheduler is killed, in another PostgreSQL restarted."""
    api.post("/backfills", _backfill())
    for year, harm in ((YEARS[1], lambda: deployment.kill("scheduler")), (LAST, lambda: _restart_postgres(deployment))):
        run = _run_of_interval(api, year)
        api.task_in("annual_evaluation", run, MIDDLE, ("running",))
        time.sleep(3)
        harm()
    for year in YEARS:
        by_command.evaluate(year)
    return [api.ended("annual_evaluation", _run_of_interval(api, year))["state"] for year in YEARS]


@pytest.fixture(scope="session")
def repeated(backfilled: list[str], deployment: Deployment, api: Api) -> list[str]:
    """The same backfill again, by command line."""
    dates = ["--from-date", f"{FIRST}-01-01", "--to-date", f"{LAST}-12-31", "--max-active-runs", "1"]
    command = ["airflow", "backfill", "create", "--dag-id", "annual_evaluation", *dates]
    deployment.run("scheduler", [*command, "--reprocess-behavior", "completed"])
    time.sleep(5)
    return [api.ended("annual_evaluation", _run_of_interval(api, year))["state"] for year in YEARS]


def _backfill() -> dict[str, Any]:
    days = {"from_date": f"{FIRST}-01-01T00:00:00Z", "to_date": f"{LAST}-12-31T00:00:00Z"}
    return {"dag_id": "annual_evaluation", **days, "max_active_runs": 1, "reprocess_behavior": "none"}


def _run_of_interval(api: Api, year: int) -> str:
    """Return the id of the backfill's run whose interval begins in April of a year."""

    def found() -> str | None:
        runs = [r for r in api.runs("annual_evaluation") if r["run_type"] == "backfill"]
        return next((r["dag_run_id"] for r in runs if r["data_interval_start"].startswith(f"{year}-0")), None)

    return waited(f"the backfill's run of {year}", found, 120)


def _restart_postgres(deployment: Deployment) -> None:
    deployment.postgres.stop()
    time.sleep(2)
    deployment.postgres.start()
