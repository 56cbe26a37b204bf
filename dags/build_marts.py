"""Indicator marts as soon as checked declarations are there."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.sdk import DAG, task

sys.path.append(str(Path(__file__).parents[1]))

from dags.wiring import (
    COMMON,
    INDICATOR_MARTS,
    LOOK,
    RAW_DECLARATIONS,
    Target,
    parameters,
    stage_task,
    stopping,
    targets_of_run,
)

DOC = """
### 指标集市 Build marts
Starts when raw declarations have changed and builds the indicators of each year that changed, one after the other.
The marts stay in the working file; `annual_evaluation` scores and publishes them.
"""

with DAG(
    dag_id="build_marts",
    description="Indicators of the years whose declarations changed",
    schedule=[RAW_DECLARATIONS],
    params=parameters("year", "as_of", "schemes", "landing", "warehouse"),
    tags=["landgauge", "marts"],
    doc_md=DOC,
    **COMMON,
):

    @task(
        task_id="changed_years",
        multiple_outputs=False,
        execution_timeout=LOOK,
        doc_md="The years whose declarations changed, one task of `build` for each.",
    )
    def changed_years() -> list[Target]:
        """Return what the events, or the parameters of a run by hand, ask for."""
        with stopping():
            return targets_of_run(RAW_DECLARATIONS)

    stage_task("build", outlets=(INDICATOR_MARTS,)).expand(target=changed_years())
