"""Parse the DAGs with Airflow's own bag and print its content as JSON; test_dags.py runs it in its own process."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "dags"
HEAVY = ("dbt", "great_expectations", "pandas", "shapely", "pyogrio", "duckdb", "numpy", "pyarrow", "ingestion")


def facts(dag: Any) -> dict[str, Any]:
    """Return what the tests look at."""
    condition = dag.timetable.asset_condition
    return {
        "params": {name: dag.params.get_param(name).serialize() for name in dag.params},
        "doc": dag.doc_md or "",
        "tags": sorted(dag.tags),
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "timeout_s": dag.dagrun_timeout.total_seconds() if dag.dagrun_timeout else None,
        "notifies": notices(dag.on_failure_callback),
        "assets": sorted(asset.name for asset in condition.objects) if condition else [],
        "cron": getattr(dag.timetable, "expression", None),
        "tasks": {task.task_id: task_facts(task) for task in dag.topological_sort()},
    }


def task_facts(task: Any) -> dict[str, Any]:
    """Return what the tests look at in a task, mapped or not."""
    given = getattr(task, "partial_kwargs", None) or vars(task)
    limit = task.execution_timeout or given.get("response_timeout")
    return {
        "doc": given.get("doc_md") or "",
        "rule": task.trigger_rule.value,
        "notifies": notices(given.get("on_failure_callback")),
        "delay_s": task.retry_delay.total_seconds(),
        "assigned": given.get("assigned_users"),
        "pool": task.pool,
        "retries": task.retries,
        "backoff": task.retry_exponential_backoff,
        "owner": task.owner,
        "timeout_s": limit.total_seconds() if limit else None,
        "upstream": sorted(task.upstream_task_ids),
        "outlets": sorted(asset.name for asset in task.outlets),
        "kind": task.task_type,
    }


def notices(callbacks: Any) -> list[str]:
    """Return the events that callbacks tell of."""
    return [callback.event for callback in callbacks or ()]


def main() -> None:
    """Print the ids, import errors, heavy modules that parsing imported, and the facts of every DAG."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(FOLDER))
    heavy = [name for name in HEAVY if name in sys.modules]
    dags = {dag_id: facts(dag) for dag_id, dag in bag.dags.items()}
    files = sorted(Path(dag.fileloc).name for dag in bag.dags.values())
    print(json.dumps({"errors": bag.import_errors, "heavy": heavy, "files": files, "dags": dags}))


if __name__ == "__main__":
    main()
