"""dbt in this process, one invocation a layer."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from landgauge import log
from landgauge.errors import StageFailed
from landgauge.settings import DBT_PROJECT, Settings, StageResult, threads_available
from warehouse import built, db, fingerprints, rebuild

LAYERS = ("indicators", "evaluation", "contracts", "publication", "balance")
_log = log.get("dbt")
PARSED = Path(sys.prefix) / "share" / "landgauge" / "dbt"
_PROJECT_FILES = (".sql", ".yml", ".csv", ".md", ".py")
_parsed: dict[str, Any] = {}


def run_layer(
    settings: Settings,
    layer: str,
    only: tuple[str, ...] | None = None,
    but: tuple[str, ...] = (),
    values: Mapping[str, Any] | None = None,
) -> StageResult:
    """Build the models, seeds and data tests tagged with the layer for the settings' year.

    Of a layer that was built before, only that is built whose input changed, with the tests that look at it; the other
    rows get the id of this run. `only`: instead of the layer these models and seeds, as dbt selects them, without
    tests. `but`: models that stay as they are. `values`: dbt variables that differ
    from those of the settings.
    Returns the number of models and tests, and a complaint for each failed test of severity warn.
    Raises StageFailed naming the first models or tests that failed.
    """
    if layer not in LAYERS:
        raise StageFailed(f"no dbt layer {layer!r}", f"Layers: {', '.join(LAYERS)}.")
    given = variables(settings) | dict(values or {})
    if only:
        selected = ["--select", *only, "--exclude-resource-type", "unit_test", "test"]
        selected += ["--exclude", *but] if but else []
        return _result(_build(settings, selected, given), ())
    with _environment(settings):
        manifest = _manifest(_shared_arguments(settings, given))
    known = rebuild.nodes(manifest)
    key = fingerprints.digest([_project_digest(), duckdb.__version__, json.dumps(given | {"run_id": ""}), *but])
    with db.connect(settings) as con:
        rebuild.prepare(con)
        now = rebuild.of_nodes(con, manifest, known, given["run_id"], layer)
        plan = rebuild.plan(con, layer, key, known, now)
        if plan:
            rebuild.stamp(con, plan.stands, given["run_id"])
        else:
            rebuild.forget_layer(con, layer)
    if plan and not plan.build:
        return StageResult({"models": 0, "tests": 0}, plan.warnings, unchanged=True)
    selected = _named(plan.build) if plan else _whole(layer, but)
    results = _build(settings, selected, given)
    with db.connect(settings) as con:
        if not plan:  # views that are new
            now = rebuild.of_nodes(con, manifest, known, given["run_id"], layer, now)
        rebuild.remember(con, {n.node.unique_id: _warning(n) for n in results}, now, given["run_id"])
        if not plan:
            rebuild.remember_layer(con, layer, key, (n.node.unique_id for n in results))
    return _result(results, plan.warnings if plan else ())


def _whole(layer: str, but: tuple[str, ...]) -> list[str]:
    """Select a layer; what carries a later layer's tag, too, belongs to that one."""
    later = tuple(f"tag:{name}" for name in LAYERS[LAYERS.index(layer) + 1 :])
    selected = ["--select", f"tag:{layer}", "--exclude-resource-type", "unit_test"]
    return [*selected, "--exclude", *later, *but] if later or but else selected


def _named(names: tuple[str, ...]) -> list[str]:
    """Select these nodes and no test that is not among them."""
    return ["--select", *names, "--exclude-resource-type", "unit_test", "--indirect-selection", "empty"]


def _build(settings: Settings, selected: list[str], values: Mapping[str, Any]) -> list[Any]:
    """Run dbt and return its results. Raises StageFailed naming the first models or tests that failed."""
    result = _invoke(settings, selected, values)
    ran = list(getattr(result.result, "results", None) or [])
    nodes = [n for n in ran if str(n.node.resource_type) != "operation"]  # the project's hooks
    built.note(nodes, _parsed.get("manifest"))
    failed = [f"{n.node.name}: {n.message}" for n in ran if str(n.status) in ("error", "fail", "runtime error")]
    if not result.success or failed:
        raise StageFailed(
            f"dbt failed: {'; '.join(failed[:5]) or result.exception}",
            f"The log is {settings.logs / 'dbt' / 'dbt.log'}.",
        )
    return nodes


def _warning(result: Any) -> str | None:
    return f"{result.node.name}: {result.message}" if str(result.status) == "warn" else None


def _result(results: list[Any], warnings: tuple[str, ...]) -> StageResult:
    """Rows: models and tests that ran. Complaints: `warnings` of tests that did not need to, and new ones."""
    new = tuple(line for n in results if (line := _warning(n)))
    for line in new:
        _log.warning("%s", line)
    kinds = [str(n.node.resource_type) for n in results]
    return StageResult({"models": kinds.count("model"), "tests": kinds.count("test")}, tuple(sorted(warnings + new)))


def parsed_project(settings: Settings) -> Any:
    """Return the manifest of the parsed dbt project."""
    with _environment(settings):
        return _manifest(_shared_arguments(settings, variables(settings)))


def is_parsed() -> bool:
    """Tell whether the project as it stands was parsed and is kept; raises OSError where it cannot be read."""
    return (PARSED / f"{_project_digest()}.msgpack").is_file()


def try_to_parse(settings: Settings) -> None:
    """Parse the project without keeping it; raises StageFailed where that fails. Logs go to the settings' warehouse."""
    from dbt.cli.main import dbtRunner

    shared = _shared_arguments(settings, {"year": settings.year})
    parsed = dbtRunner().invoke(["parse", "--no-partial-parse", "--no-send-anonymous-usage-stats", *shared])
    if not parsed.success:
        raise StageFailed(f"the dbt project cannot be parsed: {parsed.exception}", "Correct dbt_project.")


def variables(settings: Settings) -> dict[str, Any]:
    """Return the dbt variables of a run; the run id comes from the manifest that ingestion wrote."""
    with db.connect(settings) as con:
        row = con.execute("select run_id from run.manifest where year = ?", [settings.year]).fetchone()
    if row is None:
        raise StageFailed(
            f"year {settings.year} has not been ingested into {settings.warehouse}", "Run `landgauge ingest` first."
        )
    return {"year": settings.year, "as_of": settings.as_of.isoformat(), "run_id": row[0]}


def _invoke(settings: Settings, selected: list[str], values: Mapping[str, Any]) -> Any:
    from dbt.cli.main import dbtRunner

    shared = _shared_arguments(settings, dict(values) | {"stage": True})
    with _environment(settings):
        try:
            arguments = ["build", *selected, "--no-print", "--no-write-json", *shared]
            return dbtRunner(manifest=_manifest(shared)).invoke(arguments)
        finally:
            _let_go()


def _shared_arguments(settings: Settings, values: Mapping[str, Any]) -> list[str]:
    target = settings.logs / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    arguments = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--threads", "1"]
    arguments += ["--target-path", str(target), "--log-path", str(target), "--quiet", "--no-use-colors"]
    # every line costs dbt a search for secrets in it; what fails is said by the exception, and in the file
    arguments += ["--log-level", "none", "--log-level-file", "info"]
    return [*arguments, "--vars", json.dumps(values, ensure_ascii=False)]


def _manifest(shared: list[str]) -> Any:
    """Return the parsed project, once a process: variables are read when a model is compiled, not when it is parsed.

    Reading the project takes longer than building a small city. What was read is kept beside the environment, under
    a digest of all that it depends on, and read back in a moment.
    """
    if "manifest" not in _parsed:
        kept = PARSED / f"{_project_digest()}.msgpack"
        _parsed["manifest"] = _read_back(kept) or _parse(shared, kept)
    return _parsed["manifest"]


def _project_digest() -> str:
    """Digest of every file of the project, the versions of dbt and Python, and what the profile takes from outside."""
    from dbt.version import __version__ as version

    whole = hashlib.sha256(f"{version} {sys.version} {os.environ.get('LANDGAUGE_SCRATCH')}".encode())
    for path in sorted(p for p in DBT_PROJECT.rglob("*") if p.is_file() and p.suffix in _PROJECT_FILES):
        whole.update(path.relative_to(DBT_PROJECT).as_posix().encode() + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:32]


def _read_back(kept: Path) -> Any:
    """Return the project as it was kept; None where it was not, or cannot be read."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    try:
        manifest = Manifest.from_msgpack(kept.read_bytes(), decoder=extended_mashumuro_decoder)
        manifest.build_flat_graph()
    except Exception as error:  # whatever a damaged file raises: the project is read anew
        _log.debug("the parsed project was not read back from %s: %s", kept, error)
        return None
    return manifest


def _parse(shared: list[str], kept: Path) -> Any:
    from dbt.cli.main import dbtRunner
    from dbt.parser.manifest import extended_mashumaro_encoder

    parsed = dbtRunner().invoke(["parse", "--no-partial-parse", *shared])
    if not parsed.success:
        raise StageFailed(f"the dbt project cannot be parsed: {parsed.exception}", "Correct dbt_project.")
    part = kept.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # an environment that cannot be written to works all the same
        kept.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(parsed.result.to_msgpack(extended_mashumaro_encoder))
        part.replace(kept)
        for older in kept.parent.glob("*.msgpack"):  # of a project that has changed since
            if older != kept:
                older.unlink(missing_ok=True)
    return parsed.result


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
