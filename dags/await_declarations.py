"""The yearly evaluation begins when the declarations of the year have come."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, chain

sys.path.append(str(Path(__file__).parents[1]))

from dags.landed import PATIENCE, AwaitFiles
from dags.wiring import CITY_TIME, COMMON, LOOK, RUN_TIMEOUT, parameters

DOC = """
### 等待申报 Await declarations
From 1 April on, waits until the parcels of the year before stand in the landing area and have not grown for five
minutes, then starts `annual_evaluation` for that year. It waits in Airflow's triggerer, holds no worker, and blocks no
other evaluation; after 60 days it fails and says what is missing. A landing area at a URL, or with a `sources.yml`, is
not waited for: what stands there only `ingest` can fetch.
"""

with DAG(
    dag_id="await_declarations",
    description="Wait for the files of a year, then evaluate it",
    schedule=CronDataIntervalTimetable("0 2 1 4 *", timezone=CITY_TIME),
    params=parameters("year", "as_of", "schemes", "landing", "warehouse"),
    tags=["landgauge", "evaluation"],
    doc_md=DOC,
    **COMMON | {"max_active_runs": 16, "dagrun_timeout": PATIENCE + RUN_TIMEOUT},
):
    waited = AwaitFiles(task_id="await_files", doc_md="Waits for the parcels of the year; deferred, not running.")
    start = TriggerDagRunOperator(
        task_id="evaluate",
        trigger_dag_id="annual_evaluation",
        conf=waited.output,
        fail_when_dag_is_paused=True,
        execution_timeout=LOOK,
        doc_md="Starts `annual_evaluation` for the year. A year that was evaluated meanwhile is left as it is.",
    )
    chain(waited, start)
