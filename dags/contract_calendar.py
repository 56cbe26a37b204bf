"""What is due, when and for whom, as of a day: every month."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.sdk import DAG, CronDataIntervalTimetable, chain

sys.path.append(str(Path(__file__).parents[1]))

from dags.wiring import (
    CITY_TIME,
    COMMON,
    CONTRACT_CALENDAR,
    calendar_target,
    parameters,
    stage_task,
    worklists_task,
)

DOC = """
### 监管协议日历 Contract calendar
On the first of every month: the contracts layer as of that day, on the newest published year that does not lie after
it, then the worklists of that day for each district and department, `WAREHOUSE/worklists/<as-of>/`.
`as_of` and `year` can be given; the marts stay in the working file until a year is published.
"""

with DAG(
    dag_id="contract_calendar",
    description="Contract stages that are due, as of a day",
    schedule=CronDataIntervalTimetable("0 3 1 * *", timezone=CITY_TIME),
    params=parameters("year", "as_of", "schemes", "landing", "warehouse"),
    tags=["landgauge", "contracts"],
    doc_md=DOC,
    **COMMON,
):
    chain(
        stage_task("build", resolve=calendar_target)(),
        stage_task("contracts", outlets=(CONTRACT_CALENDAR,), resolve=calendar_target)(),
        worklists_task()(),
    )
