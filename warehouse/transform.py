"""dbt in this process, one invocation a layer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from landgauge import log
from landgauge.errors import StageFailed
from landgauge.settings import DBT_PROJECT, Settings, StageResult, threads_available
from warehouse import db

LAYERS = ("indicators", "evaluation", "contracts", "balance")
_log = log.get("dbt")
_parsed: dict[str, Any] = {}


def run_layer(settings: Settings, layer: str) -> StageResult:
    """Build the models, seeds and data tests tagged with the layer for the settings' year.

    Returns the number of models and tests, and a complaint for each failed test of severity warn.
    Raises StageFailed naming the first models or tests that failed.
    """
    if layer not in LAYERS:
        raise StageFailed(f"no dbt layer {layer!r}", f"Layers: {', '.join(LAYERS)}.")
    result = _invoke(settings, layer)
    nodes = list(getattr(result.result, "results", None) or [])
    failed = [f"{n.node.name}: {n.message}" for n in nodes if str(n.status) in ("error", "fail", "runtime error")]
    if not result.success or failed:
        raise StageFailed(
            f"dbt layer {layer} failed: {'; '.join(failed[:5]) or result.exception}",
            f"The log is {settings.logs / 'dbt' / 'dbt.log'}.",
        )
    warned = tuple(f"{n.node.name}: {n.message}" for n in nodes if str(n.status) == "warn")
    for line in warned:
        _log.warning("%s", line)
    kinds = [str(n.node.resource_type) for n in nodes]
    return StageResult(rows={"models": kinds.count("model"), "tests": kinds.count("test")})


def variables(settings: Settings) -> dict[str, Any]:
    """Return the dbt variables of a run; the run id comes from the manifest that ingestion wrote."""
    with db.connect(settings) as con:
        row = con.execute("select run_id from run.manifest where year = ?", [settings.year]).fetchone()
    if row is None:
        raise StageFailed(
            f"year {settings.year} has not been ingested into {settings.warehouse}", "Run `landgauge ingest` first."
        )
    return {"year": settings.year, "as_of": settings.as_of.isoformat(), "run_id": row[0]}


def _invoke(settings: Settings, layer: str) -> Any:
    from dbt.cli.main import dbtRunner

    shared = _shared_arguments(settings)
    select = ["--select", f"tag:{layer}", "--exclude-resource-type", "unit_test", "--no-print", "--no-write-json"]
    with _environment(settings):
        try:
            return dbtRunner(manifest=_manifest(shared)).invoke(["build", *select, *shared])
        finally:
            _let_go()


def _shared_arguments(settings: Settings) -> list[str]:
    target = settings.logs / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    values = json.dumps(variables(settings), ensure_ascii=False)
    arguments = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--threads", "1"]
    arguments += ["--target-path", str(target), "--log-path", str(target), "--quiet", "--no-use-colors"]
    return [*arguments, "--vars", values]


def _manifest(shared: list[str]) -> Any:
    """Parse the project once a process: variables are read when a model is compiled, not when it is parsed."""
    from dbt.cli.main import dbtRunner

    if "manifest" not in _parsed:
        parsed = dbtRunner().invoke(["parse", "--no-partial-parse", *shared])
        if not parsed.success:
            raise StageFailed(f"the dbt project cannot be parsed: {parsed.exception}", "Correct dbt_project.")
        _parsed["manifest"] = parsed.result
    return _parsed["manifest"]


def _let_go() -> None:
    """Close the connection that dbt keeps after its run: the working file has one owner at a time in a process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    """Give dbt's profile its values; dbt reads them from the environment."""
    values = {
        "LANDGAUGE_DATABASE": str(settings.database),
        "LANDGAUGE_EXTENSIONS": str(db.install_extensions()),
        "LANDGAUGE_THREADS": str(settings.threads or threads_available()),
        "LANDGAUGE_MEMORY": settings.memory_limit,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
