"""What Airflow itself costs: parsing, waiting between tasks, and a task beside the stage that it runs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import duckdb

from tests.orchestration.deployment import Deployment
from tests.orchestration.rest import Api


def parse_seconds(deployment: Deployment) -> dict[str, float]:
    """Return the seconds that each DAG file takes to parse; the first one also imports Airflow's SDK."""
    said = deployment.run("scheduler", ["airflow", "dags", "report", "--output", "json"])
    return {row["file"]: _seconds(row["duration"]) for row in json.loads(said[said.rindex("[{") :])}


def annual(deployment: Deployment, api: Api, run: dict[str, Any], year: int, command_seconds: float) -> dict[str, Any]:
    """Return the wall of a run beside that of the command, and for each task its seconds, waiting and overhead."""
    own = stage_seconds(deployment, year)
    tasks = [t for t in api.tasks(run["dag_id"], run["dag_run_id"]) if t["task_id"] in own]
    rows = {t["task_id"]: _task(t, own[t["task_id"]]) for t in sorted(tasks, key=lambda t: t["start_date"])}
    walls = {"dag_seconds": wall(run), "command_seconds": round(command_seconds, 1)}
    medians = {f"median_{name}": median(row[name] for row in rows.values()) for name in ("overhead", "waited")}
    return walls | {"stages_seconds": round(sum(own.values()), 1)} | medians | {"tasks": rows}


def stage_seconds(deployment: Deployment, year: int) -> dict[str, float]:
    """Return what each stage of a year says that it took; nothing may be writing."""
    with duckdb.connect(str(deployment.warehouse / "warehouse.duckdb"), read_only=True) as con:
        return dict(con.execute("select stage, seconds from run.stage where year = ?", [year]).fetchall())


def wall(run: dict[str, Any]) -> float:
    """Return the seconds between start and end of a run."""
    return round((_moment(run["end_date"]) - _moment(run["start_date"])).total_seconds(), 1)


def _task(task: dict[str, Any], own: float) -> dict[str, float]:
    waited = (_moment(task["start_date"]) - _moment(task["scheduled_when"])).total_seconds()
    figures = {"seconds": task["duration"], "stage": own, "overhead": task["duration"] - own, "waited": waited}
    return {name: round(value, 2) for name, value in figures.items()}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _seconds(text: str) -> float:
    hours, minutes, seconds = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds)).total_seconds()
