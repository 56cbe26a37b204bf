"""A provisional year becomes final when a person approves it."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, chain, task

sys.path.append(str(Path(__file__).parents[1]))

from dags.approval import ANSWER_WITHIN, approved, proposals
from dags.wiring import (
    DEFAULT_ARGS,
    FINAL_EVALUATION,
    FIRST_DAY,
    PROVISIONAL_EVALUATION,
    Target,
    parameters,
    stage_task,
    stopping,
)

DOC = """
### 审定发布 Publish
Starts when `annual_evaluation` has published a year as provisional, or by hand with a year.
`propose` says which run is to be approved, `approve` waits for a person (Required Actions, or the REST API) without
holding a worker, and then the same rows are published as *final* with that person's name, and the report is rewritten.
Rejecting leaves the year provisional. If the year was evaluated anew in the meantime, publishing stops and says so.
Without an API server there is nobody to ask: use `landgauge publish --approved-by NAME`.
"""

with DAG(
    dag_id="publish",
    description="Approval of a provisional year, which makes it final",
    schedule=[PROVISIONAL_EVALUATION],
    start_date=FIRST_DAY,
    catchup=False,
    default_args=DEFAULT_ARGS,
    params=parameters("year", "warehouse"),
    tags=["landgauge", "approval"],
    doc_md=DOC,
):

    @task(task_id="propose", multiple_outputs=False)
    def propose() -> list[Target]:
        """Return the runs that await approval, with the text that describes each."""
        with stopping():
            return proposals()

    proposed = propose()
    approve = ApprovalOperator(
        task_id="approve",
        subject="审定年度评价结果 Approve the annual evaluation",
        body="{% for t in ti.xcom_pull(task_ids='propose') %}{{ t['summary'] }}\n\n{% endfor %}",
        response_timeout=ANSWER_WITHIN,
        retries=0,
    )
    final = stage_task("publish", outlets=(FINAL_EVALUATION,), resolve=approved).expand(target=proposed)
    report = stage_task("report").expand(target=proposed)
    chain(proposed, approve, final, report)
