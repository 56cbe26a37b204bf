"""What districts, departments and declarers get of a published year: files, and the marts in PostgreSQL."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowSkipException

sys.path.append(str(Path(__file__).parents[1]))

from dags.wiring import (
    COMMON,
    FINAL_EVALUATION,
    LOOK,
    PROVISIONAL_EVALUATION,
    TIMEOUT,
    WRITER_POOL,
    Target,
    parameters,
    published_targets,
    settings_of,
    stopping,
)
from landgauge.errors import ConfigurationError, StageFailed
from landgauge.settings import Settings

DOC = """
### 成果分发 Outputs
Starts when a year is published, as provisional or as final, or by hand with a year. Each output is a task for each
year; all but `returns` read the published snapshot alone, so they hold up no evaluation. What this installation does
not have (PostgreSQL to serve from, Chromium, shapes) is skipped with a sentence.
"""


def returns(settings: Settings) -> Mapping[str, int]:
    """Each declarer's file back with its bad cells marked, in `WAREHOUSE/returns/<year>`."""
    from landgauge.stages.returns import returns

    return returns(settings).rows


def workbooks(settings: Settings) -> Mapping[str, int]:
    """The results as workbooks for districts, departments and the city, in `published/workbooks/<year>`."""
    from reporting.workbooks.outputs import write_workbooks

    return write_workbooks(settings.warehouse, settings.year).rows


def layers(settings: Settings) -> Mapping[str, int]:
    """The results as map layers, in `published/layers/<year>`; skipped where no unit has a shape."""
    from reporting.layers.outputs import write_layers

    try:
        return write_layers(settings.warehouse, settings.year).rows
    except StageFailed as error:
        raise AirflowSkipException(f"{error.message}. {error.next_step}") from None


def pages(settings: Settings) -> Mapping[str, int]:
    """The city's page of the report as PDF, beside it; skipped where there is no Chromium."""
    from reporting.print import find_browser, print_pages

    try:
        find_browser()
    except ConfigurationError as error:
        raise AirflowSkipException(f"{error.message}. {error.next_step}") from None
    return {"pages": len(print_pages(settings, "city", "zh"))}


def serve(settings: Settings) -> Mapping[str, int]:
    """The marts in PostgreSQL, where each role sees its rows; skipped where LANDGAUGE_SERVING is not set."""
    from warehouse.serving.load import serve

    to = os.environ.get("LANDGAUGE_SERVING")
    if not to:
        raise AirflowSkipException("LANDGAUGE_SERVING names no database: nothing is served.")
    done = serve(settings.snapshot, to)
    return {"tables": done.tables, "rows": done.rows}


def output_task(name: str, write: Callable[[Settings], Mapping[str, int]], pool: str | None = None) -> Any:
    """Return a task, mapped over the years, that writes one output and tells its rows."""

    @task(
        task_id=name,
        execution_timeout=TIMEOUT,
        max_active_tis_per_dagrun=1,
        multiple_outputs=False,
        doc_md=write.__doc__,
        **({"pool": pool} if pool else {}),
    )
    def run(target: Target) -> dict[str, Any]:
        with stopping():
            return {"year": target["year"], "rows": dict(write(settings_of(target)))}

    return run


with DAG(
    dag_id="outputs",
    description="Workbooks, layers, returned files, printed page and PostgreSQL of a published year",
    schedule=(PROVISIONAL_EVALUATION | FINAL_EVALUATION),
    params=parameters("year", "warehouse"),
    tags=["landgauge", "outputs"],
    doc_md=DOC,
    **COMMON,
):

    @task(
        task_id="years",
        multiple_outputs=False,
        execution_timeout=LOOK,
        doc_md="The years that were published, from the events or the parameters; one task of each output for each.",
    )
    def years() -> list[Target]:
        """Return what is written; a year that is not published fails here."""
        with stopping():
            return published_targets(PROVISIONAL_EVALUATION, FINAL_EVALUATION)

    found = years()
    output_task("returns", returns, WRITER_POOL).expand(target=found)
    for name, write in {"workbooks": workbooks, "layers": layers, "print": pages, "serve": serve}.items():
        output_task(name, write).expand(target=found)
