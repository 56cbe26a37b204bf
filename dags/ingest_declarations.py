"""Scheduled loading of declarations and the gate on them."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.sdk import DAG, CronDataIntervalTimetable, chain, get_current_context, task

sys.path.append(str(Path(__file__).parents[1]))

from dags.wiring import (
    CITY_TIME,
    COMMON,
    LOOK,
    RAW_DECLARATIONS,
    parameters,
    settings_of,
    stage_task,
    stopping,
    target_of_run,
)

ADAPTED = ("mapping.yml", "sources.yml")  # with one of them files need not stand in <dataset>/<year>

DOC = """
### 申报入库 Ingest declarations
Every night: loads what stands in the landing area for the year before (`ingest`), and the gate looks at it (`check`).
Files that were loaded before change nothing. A scheduled night without any folder for that year is skipped, unless
the landing area is a URL, or a `mapping.yml` or `sources.yml` says that files stand elsewhere.
When the gate lets the data pass, the asset of raw declarations is updated, which starts `build_marts`.
"""

with DAG(
    dag_id="ingest_declarations",
    description="Load declarations and check them",
    schedule=CronDataIntervalTimetable("0 1 * * *", timezone=CITY_TIME),
    params=parameters("year", "as_of", "schemes", "landing", "warehouse"),
    tags=["landgauge", "ingestion"],
    doc_md=DOC,
    **COMMON,
):

    @task.short_circuit(
        task_id="declared",
        multiple_outputs=False,
        execution_timeout=LOOK,
        doc_md="Whether anything of the year stands in the landing area; only a run by schedule asks.",
    )
    def declared() -> bool:
        """Say whether there is anything to load; a run by hand always goes on and hears it from the stage itself."""
        with stopping():
            settings = settings_of(target_of_run())
        scheduled = get_current_context()["dag_run"].run_type == "scheduled"
        elsewhere = settings.landing is None or any((settings.landing / name).is_file() for name in ADAPTED)
        return not scheduled or elsewhere or any(settings.landing.glob(f"*/{settings.year}"))

    chain(declared(), stage_task("ingest")(), stage_task("check", outlets=(RAW_DECLARATIONS,))())
