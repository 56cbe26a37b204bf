"""The yearly evaluation of a city: every stage, in order, to a provisional result and its report."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.sdk import DAG, CronDataIntervalTimetable, chain

sys.path.append(str(Path(__file__).parents[1]))

from dags.wiring import CITY_TIME, DEFAULT_ARGS, FIRST_DAY, PROVISIONAL_EVALUATION, parameters, stage_task
from landgauge.stages import STAGES

DOC = """
### 年度评价 Annual evaluation
Runs every stage of `landgauge evaluate` for one year, a task each, and publishes the year as *provisional*.
It never waits for a person: the asset that its publishing updates starts `publish`, where the year is approved.

- By hand: `airflow dags test annual_evaluation --conf '{"year": 2024}'`, or trigger it with the year as a parameter.
- By schedule: on 1 April for the year before, when its declarations are in.
- Backfill:
  `airflow backfill create --dag-id annual_evaluation --from-date 2020-01-01 --to-date 2024-12-31 --max-active-runs 1`;
  an interval that begins in a year evaluates that year.

Repeating a run changes nothing when nothing changed. A task that failed can be cleared and goes on from there.
"""

with DAG(
    dag_id="annual_evaluation",
    description="The whole way of one year, to a provisional result",
    schedule=CronDataIntervalTimetable("0 2 1 4 *", timezone=CITY_TIME),
    start_date=FIRST_DAY,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=parameters("year", "as_of", "schemes", "landing", "warehouse"),
    tags=["landgauge", "evaluation"],
    doc_md=DOC,
):
    published = {"publish": (PROVISIONAL_EVALUATION,)}
    chain(*[stage_task(stage.name, outlets=published.get(stage.name, ()))() for stage in STAGES])
