"""A provisional year becomes final when a person approves it."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.providers.standard.exceptions import HITLTimeoutError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import (
    DAG,
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    chain,
    task,
)

sys.path.append(str(Path(__file__).parents[1]))

from dags.approval import ANSWER_WITHIN, REMIND_AFTER, approved, approvers, proposals
from dags.notify import Notice
from dags.wiring import (
    COMMON,
    FINAL_EVALUATION,
    LOOK,
    PROVISIONAL_EVALUATION,
    RUN_TIMEOUT,
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

- `LANDGAUGE_APPROVERS` names the users who may answer; without it everybody who may edit the run.
- A request that is open after 30 days is told once more; after 90 days it ends, and the year stays provisional.
- Who answered, what and when is in the log of `approve` and in `logs/notifications.jsonl`.
- Rejecting leaves the year provisional. If the year was evaluated anew in the meantime, publishing stops and says so.
- Without an API server there is nobody to ask: use `landgauge publish --approved-by NAME`.
"""

with DAG(
    dag_id="publish",
    description="Approval of a provisional year, which makes it final",
    schedule=[PROVISIONAL_EVALUATION],
    params=parameters("year", "warehouse"),
    tags=["landgauge", "approval"],
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=REMIND_AFTER,
        callback=AsyncCallback(Notice, {"event": "approval_late", "mail": True}),
        name="approval",
    ),
    doc_md=DOC,
    **COMMON
    | {
        "max_active_runs": 16,  # one waits for an answer while others are asked
        "dagrun_timeout": ANSWER_WITHIN + RUN_TIMEOUT,
    },
):

    @task(
        task_id="propose",
        multiple_outputs=False,
        execution_timeout=LOOK,
        doc_md="Which runs await approval, and what is to be known of each, from the published snapshot.",
    )
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
        assigned_users=approvers(),
        notifiers=[Notice("approval_asked", mail=True)],
        on_success_callback=[Notice("decided", mail=True)],
        retry_policy=ExceptionRetryPolicy(
            rules=[RetryRule(HITLTimeoutError, RetryAction.FAIL, reason="Nobody answered: the year stays provisional.")]
        ),
        doc_md="Waits for a person; the answer, the name and the time are in its log and in a notice.",
    )
    final = stage_task("publish", outlets=(FINAL_EVALUATION,), resolve=approved).expand(target=proposed)
    report = stage_task("report", resolve=approved).expand(target=proposed)
    chain(proposed, approve, final, report)
