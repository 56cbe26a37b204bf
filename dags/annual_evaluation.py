"""The yearly evaluation of a city: every stage, in order, to a provisional result and its report."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.sdk import DAG, CronDataIntervalTimetable, chain, get_current_context, task

sys.path.append(str(Path(__file__).parents[1]))

from dags.wiring import (
    CITY_TIME,
    COMMON,
    LOOK,
    PROVISIONAL_EVALUATION,
    STAGE_DOC,
    parameters,
    settings_of,
    stage_task,
    stopping,
    target_of_run,
)

DOC = """
### 年度评价 Annual evaluation
Runs every stage of `landgauge evaluate` for one year, a task each, and publishes the year as *provisional*.
It never waits for a person: the asset that its publishing updates starts `publish`, where the year is approved.

- By hand: `airflow dags test annual_evaluation --conf '{"year": 2024}'`, or trigger it with the year as a parameter.
- By schedule: on 1 April for the year before. Where its parcels are not there yet, the run is skipped:
  `await_declarations` starts it when they have come.
- Backfill:
  `airflow backfill create --dag-id annual_evaluation --from-date 2020-01-01 --to-date 2024-12-31 --max-active-runs 1`;
  an interval that begins in a year evaluates that year.

Repeating a run changes nothing when nothing changed: a stage that reads nothing new is skipped, and a year that is
published as it stands is not put up for approval again. A task that failed can be cleared and goes on from there.

The XCom `dbt` of `build`, `score`, `contracts` and `forecast` has models, tests, warnings and the slowest nodes; each
model's page with columns, tests and lineage is in the file that `make docs-dbt` writes.
"""

with DAG(
    dag_id="annual_evaluation",
    description="The whole way of one year, to a provisional result",
    schedule=CronDataIntervalTimetable("0 2 1 4 *", timezone=CITY_TIME),
    params=parameters("year", "as_of", "schemes", "landing", "warehouse"),
    tags=["landgauge", "evaluation"],
    doc_md=DOC,
    **COMMON,
):

    @task.short_circuit(
        task_id="declared",
        multiple_outputs=False,
        execution_timeout=LOOK,
        doc_md="Whether the parcels of the year have come; only a run by schedule asks.",
    )
    def declared() -> bool:
        """Say whether there is anything to evaluate; another run hears it from `ingest`."""
        if get_current_context()["dag_run"].run_type != "scheduled":
            return True
        from dags.landed import has_come

        with stopping():
            return has_come(settings_of(target_of_run()))

    published = {"publish": (PROVISIONAL_EVALUATION,)}
    stages = [stage_task(stage, outlets=published.get(stage, ()))() for stage in STAGE_DOC]
    chain(declared(), *stages)
