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
from airflow.sdk import Asset, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from landgauge import log
from landgauge.errors import ConfigurationError, LandgaugeError, SourceUnavailable, WarehouseBusy
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

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "landgauge",
    "retries": 4,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=30),
}
TIMEOUTS: Mapping[str, timedelta] = {"ingest": timedelta(hours=6), "build": timedelta(hours=4)}
TIMEOUT = timedelta(hours=2)

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
    """

    @task(
        task_id=stage,
        pool=WRITER_POOL,
        execution_timeout=TIMEOUTS.get(stage, TIMEOUT),
        outlets=list(outlets),
        multiple_outputs=False,
        doc_md=f"`landgauge {stage}` for one year, under the warehouse lock.",
    )
    def run(target: Target | None = None) -> dict[str, Any]:
        with stopping():
            wanted = resolve(target) if resolve else target or target_of_run()
            result = run_stage(stage, settings_of(wanted))
        return _report(stage, wanted, result, outlets)

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
    return _complete(params, params.get("year") or _year_of_schedule(context["dag_run"]))


def calendar_target(_: Target | None = None) -> Target:
    """Return the target of the contract calendar: the first day of the month in which its interval ends.

    The year is the newest that was published and does not lie after that day. Parameters of the run come first.
    Raises StageFailed when nothing has been published.
    """
    context = get_current_context()
    params, run = dict(context["params"]), context["dag_run"]
    params["as_of"] = params.get("as_of") or city_day(run.data_interval_end or run.run_after).replace(day=1).isoformat()
    return _complete(params, params.get("year") or _last_published_year(params.get("warehouse"), params["as_of"]))


def worklists_task() -> Any:
    """Return a TaskFlow task that writes the worklists of the day for which the calendar was just built."""

    @task(
        task_id="worklists",
        pool=WRITER_POOL,
        execution_timeout=TIMEOUT,
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


def targets_of_run(asset: Asset) -> list[Target]:
    """Return the targets of a run that an asset started: one for each year and warehouse of its events, in order.

    A year given as a parameter comes before the events.
    """
    context = get_current_context()
    if context["params"].get("year"):
        return [target_of_run()]
    events = context["triggering_asset_events"].get(asset, ())
    found = {(str(e.extra["warehouse"]), int(e.extra["year"])): dict(e.extra) for e in events if e.extra.get("year")}
    return [found[key] for key in sorted(found)] or [target_of_run()]


def _complete(params: Mapping[str, Any], year: int | None) -> Target:
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


def _report(stage: str, target: Target, result: StageResult, outlets: Iterable[Asset]) -> dict[str, Any]:
    """Push the complaints, tell the assets which year changed, and return the task's small result."""
    context = get_current_context()
    if result.complaints:
        context["ti"].xcom_push(key="complaints", value=list(result.complaints[:KEPT_COMPLAINTS]))
    for asset in outlets:
        context["outlet_events"][asset].extra = {k: v for k, v in target.items() if k not in ("approved_by", "summary")}
    return {"stage": stage, "year": target["year"], "rows": dict(result.rows), "complaints": len(result.complaints)}
