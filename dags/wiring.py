"""What the DAGs share: assets, the writers' pool, parameters, and a task that runs one stage.

No DAG stands here. Everything heavy is imported inside the callables, so that a DAG file parses in an instant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pendulum
from airflow.sdk import Asset, Param, TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from dags import layers
from dags.notify import Notice
from landgauge import log
from landgauge.errors import ConfigurationError, LandgaugeError, SourceUnavailable, StageFailed, WarehouseBusy
from landgauge.settings import Settings, StageResult, landing_at, year_end

_log = log.get("dag")
CITY_TIME = "Asia/Shanghai"
FIRST_DAY = pendulum.datetime(2013, 1, 1, tz=CITY_TIME)
WRITER_POOL = "landgauge_writer"  # one slot: DuckDB lets one process write
KEPT_COMPLAINTS = 20

RAW_DECLARATIONS = Asset("landgauge_raw_declarations")
INDICATOR_MARTS = Asset("landgauge_indicator_marts")
PROVISIONAL_EVALUATION = Asset("landgauge_provisional_evaluation")
FINAL_EVALUATION = Asset("landgauge_final_evaluation")
CONTRACT_CALENDAR = Asset("landgauge_contract_calendar")

TIMEOUTS: Mapping[str, timedelta] = {"ingest": timedelta(hours=6), "build": timedelta(hours=4)}
TIMEOUT = timedelta(hours=2)
LOOK = timedelta(minutes=15)  # of a task that only looks at files or at the snapshot
RUN_TIMEOUT = timedelta(days=3)  # every stage at its limit, and its retries
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "landgauge",
    "retries": 4,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=30),
    "on_failure_callback": [Notice("task_failed")],
}
COMMON: dict[str, Any] = {
    "start_date": FIRST_DAY,
    "catchup": False,
    "max_active_runs": 1,
    "dagrun_timeout": RUN_TIMEOUT,
    "default_args": DEFAULT_ARGS,
    "on_failure_callback": [Notice("run_failed", mail=True)],
}
"""What every DAG is told; those that differ say so with `COMMON | {...}`."""

STAGE_DOC: Mapping[str, str] = {
    "ingest": "files become checked rows; what is wrong is quarantined with its reason",
    "check": "the gate, which lets the data pass, warns, or stops the run",
    "build": "dbt builds staging, pairing and the indicator marts",
    "score": "indicators are standardised, weighted, ranked and graded by each scheme",
    "contracts": "evaluations, calendar and consequences of the agreements",
    "forecast": "land demand, supply and their balance",
    "publish": "the year replaces its rows in the snapshot that readers see",
    "report": "report, catalogue and pictures from the published marts",
}
"""The stages in the order of `landgauge.stages`, whose import is too heavy for a DAG file; a test holds them equal."""

Target = dict[str, Any]
"""The fields of `Settings` as JSON, and `run_id` where a certain run is meant."""


def parameters(*names: str) -> dict[str, Param]:
    """Return the typed parameters of a DAG, with help for the trigger form.

    `landing` and `warehouse` default to LANDGAUGE_LANDING and LANDGAUGE_WAREHOUSE.
    """
    every = {
        "year": Param(
            None,
            type=["null", "integer"],
            minimum=1000,
            maximum=9999,
            title="评估年度 Year",
            description="要评估的年度,如 2024。The year to work on; a run by hand needs it.",
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            title="基准日 As of",
            description="判断到期事项的日期 (YYYY-MM-DD),默认为评估年度 12 月 31 日。The day for due dates.",
        ),
        "schemes": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            title="评价方案 Schemes",
            description="方案代码,每行一个,默认为城市配置中的方案。Scheme codes; empty: the profile's.",
        ),
        "landing": _folder("landing", "申报文件目录 Landing", "Folder or URL with <dataset>/<year>/."),
        "warehouse": _folder("warehouse", "数据仓库目录 Warehouse", "Where the working file and published/ stand."),
    }
    return {name: every[name] for name in names}


def _folder(name: str, title: str, meaning: str) -> Param:
    variable = f"LANDGAUGE_{name.upper()}"
    description = f"默认取环境变量 {variable}。{meaning} Default: the environment variable {variable}."
    return Param(os.environ.get(variable), type=["null", "string"], minLength=1, title=title, description=description)


def stage_task(
    stage: str, outlets: Sequence[Asset] = (), resolve: Callable[[Target | None], Target] | None = None
) -> Any:
    """Return a TaskFlow task that runs one stage of `landgauge.stages` in the writers' pool.

    `resolve` turns the argument that the task is called with into what it works on; by default that is the argument
    itself, or without one what the run's parameters say. The result is small: stage, year, rows, number of complaints.
    A stage that found nothing changed ends as skipped, so that its assets are not updated; the stages after it run.
    """

    @task(
        task_id=stage,
        pool=WRITER_POOL,
        execution_timeout=TIMEOUTS.get(stage, TIMEOUT),
        outlets=list(outlets),
        trigger_rule=TriggerRule.NONE_FAILED,
        multiple_outputs=False,
        on_success_callback=[Notice("published", mail=True)] if stage == "publish" else None,
        doc_md=f"`landgauge {stage}` for one year, under the warehouse lock: {STAGE_DOC[stage]}. "
        "Skipped where nothing that it reads has changed.",
    )
    def run(target: Target | None = None) -> dict[str, Any]:
        with stopping():
            wanted = resolve(target) if resolve else target or target_of_run()
            settings = settings_of(wanted)
            with layers.watched(settings) as dbt:
                result = run_stage(stage, settings)
        return _report(stage, wanted, result, outlets, dbt())

    return run


@contextmanager
def stopping() -> Iterator[None]:
    """Turn the project's errors into Airflow's: a busy warehouse and a source out of reach are tried again.

    Anything else fails at once. Raises AirflowException (retried) or AirflowFailException (final), each with the
    message and the advice.
    """
    try:
        yield
    except LandgaugeError as error:
        text = f"{error.message} {error.next_step}".strip()
        _log.error("%s", text)
        again = isinstance(error, WarehouseBusy | SourceUnavailable)
        raise (AirflowException if again else AirflowFailException)(text) from None


def run_stage(stage: str, settings: Settings) -> StageResult:
    """Run a stage of the project; the import is here because it is heavy."""
    from landgauge.stages import run_stage

    return run_stage(stage, settings)


def target_of_run() -> Target:
    """Return what the run's parameters say; the year of a scheduled run is the one before its interval's end.

    Raises ConfigurationError when a run by hand names no year, or no warehouse is known.
    """
    context = get_current_context()
    params = dict(context["params"])
    return complete(params, params.get("year") or _year_of_schedule(context["dag_run"]))


def calendar_target(_: Target | None = None) -> Target:
    """Return the target of the contract calendar: the first day of the month in which its interval ends.

    The year is the newest that was published and does not lie after that day. Parameters of the run come first.
    Raises StageFailed when nothing has been published.
    """
    context = get_current_context()
    params, run = dict(context["params"]), context["dag_run"]
    params["as_of"] = params.get("as_of") or city_day(run.data_interval_end or run.run_after).replace(day=1).isoformat()
    return complete(params, params.get("year") or _last_published_year(params.get("warehouse"), params["as_of"]))


def worklists_task() -> Any:
    """Return a TaskFlow task that writes the worklists of the day for which the calendar was just built."""

    @task(
        task_id="worklists",
        pool=WRITER_POOL,
        execution_timeout=TIMEOUT,
        trigger_rule=TriggerRule.NONE_FAILED,
        multiple_outputs=False,
        doc_md="Workbooks per district and department under `WAREHOUSE/worklists/<as-of>/`, from the working file.",
    )
    def run() -> dict[str, Any]:
        with stopping():
            from reporting.contracts.worklists import working_worklists

            wanted = calendar_target()
            result = working_worklists(settings_of(wanted))
        return {"as_of": wanted["as_of"], "year": wanted["year"], "rows": dict(result.rows)}

    return run


def targets_of_run(*assets: Asset) -> list[Target]:
    """Return the targets of a run that assets started: one for each year and warehouse of their events, in order.

    A year given as a parameter comes before the events.
    """
    context = get_current_context()
    if context["params"].get("year"):
        return [target_of_run()]
    events = [event for asset in assets for event in context["triggering_asset_events"].get(asset, ())]
    found = {(str(e.extra["warehouse"]), int(e.extra["year"])): dict(e.extra) for e in events if e.extra.get("year")}
    return [found[key] for key in sorted(found)] or [target_of_run()]


def published_targets(*assets: Asset) -> list[Target]:
    """Return year and warehouse of the targets of a run that assets started. Raises StageFailed for an unpublished."""
    from warehouse.published import open_snapshot

    wanted = [{"year": found["year"], "warehouse": found["warehouse"]} for found in targets_of_run(*assets)]
    for target in wanted:
        with open_snapshot(settings_of(target).snapshot) as con:
            if not con.execute("select count(*) from marts.fct_run where year = ?", [target["year"]]).fetchone()[0]:
                raise StageFailed(f"Year {target['year']} is not published.", "Run annual_evaluation for it first.")
    return wanted


def complete(params: Mapping[str, Any], year: int | None) -> Target:
    """Return the parameters of a run as a target. Raises ConfigurationError without a year or a warehouse."""
    if not year:
        raise ConfigurationError("No year is given.", """Start the run with a year: --conf '{"year": 2024}'.""")
    if not params.get("warehouse"):
        raise ConfigurationError("No warehouse is given.", "Set LANDGAUGE_WAREHOUSE or the parameter `warehouse`.")
    names = ("as_of", "schemes", "landing", "warehouse")
    return {"year": int(year)} | {name: params[name] for name in names if params.get(name)}


def _year_of_schedule(run: Any) -> int | None:
    if run.run_type not in ("scheduled", "backfill") or run.data_interval_end is None:
        return None
    return city_day(run.data_interval_end).year - 1


def _last_published_year(warehouse: str | None, as_of: str) -> int | None:
    from warehouse.published import open_snapshot

    if not warehouse:
        return None
    with open_snapshot(Path(warehouse) / "published" / "current.duckdb") as con:
        return con.execute("select max(year) from marts.fct_run where year <= ?", [_day(as_of).year]).fetchone()[0]


def city_day(moment: Any) -> date:
    """Return the calendar day of a moment in the city."""
    return pendulum.instance(moment).in_timezone(CITY_TIME).date()


def settings_of(target: Target) -> Settings:
    """Return the settings of a target. Raises ConfigurationError for an unreadable date."""
    year = int(target["year"])
    return Settings(
        warehouse=Path(target["warehouse"]),
        year=year,
        as_of=_day(target["as_of"]) if target.get("as_of") else year_end(year),
        **landing_at(target.get("landing")),
        schemes=tuple(target.get("schemes") or ()),
        approved_by=target.get("approved_by"),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"as_of is {text!r}, which is no date.", "Write it as YYYY-MM-DD.") from None


def _report(
    stage: str, target: Target, result: StageResult, outlets: Iterable[Asset], dbt: layers.Shown | None
) -> dict[str, Any]:
    """Push the complaints and dbt's nodes, tell the assets which year changed, and return the task's small result.

    Raises AirflowSkipException for an unchanged stage. A repeated try does not skip where there are assets: the try
    before may have done the work and died before it could tell them.
    """
    context = get_current_context()
    ti, year = context["ti"], target["year"]
    done = {"stage": stage, "year": year, "rows": dict(result.rows), "complaints": len(result.complaints)}
    if stage == "publish":
        done["state"] = "final" if target.get("approved_by") else "provisional"
    if result.complaints:
        ti.xcom_push(key="complaints", value=list(result.complaints[:KEPT_COMPLAINTS]))
    if dbt:
        ti.xcom_push(key="dbt", value=dbt)
    if result.unchanged and not (outlets and ti.try_number > 1):
        ti.xcom_push(key="return_value", value=done)
        raise AirflowSkipException(f"{year} {stage}: nothing that it reads has changed, nothing was written. {done}")
    for asset in outlets:
        extra = {k: v for k, v in target.items() if k not in ("approved_by", "summary")}
        extra |= {"complaints": _complaints_of_run(ti)} if asset == PROVISIONAL_EVALUATION else {}
        context["outlet_events"][asset].extra = extra
    return done


def _complaints_of_run(ti: Any) -> list[str]:
    """The complaints of all stages of this run, also of those that were skipped: the committee is shown them."""
    found = [ti.xcom_pull(task_ids=stage, key="complaints") for stage in STAGE_DOC]
    every = [text for one in found if isinstance(one, list) for text in one if isinstance(text, str)]
    return list(dict.fromkeys(every))
