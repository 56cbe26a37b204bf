"""A published year is evaluated anew when objections or corrections to it have come in."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, task

sys.path.append(str(Path(__file__).parents[1]))

from dags.wiring import CITY_TIME, COMMON, LOOK, Target, parameters, stopping

DOC = """
### 异议与更正 Objections
Every day: looks in the landing area for files of `public_notices`, `objections` and `corrections` that the published
result of their year does not know, and starts `annual_evaluation` for each such year, with the day and the schemes of
its last run. That publishes the year as provisional anew, so `publish` asks for approval again; what changed, and
because of which objection, stands in `fct_publication_change`. By hand with a year: that year, whatever has come.

Everything else that was handed in for the year since counts too. A landing area at a URL is not looked at: start by
hand.
"""

with DAG(
    dag_id="objections",
    description="Evaluate published years anew when objections or corrections have come in",
    schedule=CronDataIntervalTimetable("0 4 * * *", timezone=CITY_TIME),
    params=parameters("year", "landing", "warehouse"),
    tags=["landgauge", "objections"],
    doc_md=DOC,
    **COMMON,
):

    @task(
        task_id="objected_years",
        multiple_outputs=False,
        execution_timeout=LOOK,
        doc_md="Which published years have new notices, objections or corrections; nothing is written.",
    )
    def objected_years() -> list[Target]:
        """Return the parameters of an evaluation for each year; none, and the next task is skipped."""
        from dags.landed import objected_targets

        with stopping():
            return objected_targets()

    TriggerDagRunOperator.partial(
        task_id="evaluate",
        trigger_dag_id="annual_evaluation",
        fail_when_dag_is_paused=True,
        execution_timeout=LOOK,
        doc_md="Starts `annual_evaluation` for each of them; its stages load, check, evaluate and publish.",
    ).expand(conf=objected_years())
