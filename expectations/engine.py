"""Great Expectations: the only module that imports it, and only when called (the import takes seconds)."""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pandas as pd

from expectations.checks import Batch, Check, Outcome
from landgauge.settings import Settings

SHOWN = 10  # failing rows that an observation names


def validate(batches: Sequence[Batch], settings: Settings) -> tuple[Outcome, ...]:
    """Hold every batch against its suite and write the year's Data Docs; outcomes in the order given.

    Writes below `WAREHOUSE/data_docs/<year>` only. An expectation that cannot be evaluated counts as not met.
    """
    target = settings.warehouse / "data_docs" / str(settings.year)
    building = target.with_name(f".{settings.year}")
    with _quiet(settings.warehouse):
        shutil.rmtree(building, ignore_errors=True)
        context = _context(building)
        context.data_sources.add_pandas("warehouse")
        found = [outcome for batch in batches for outcome in _run(context, batch, settings)]
        context.build_data_docs(site_names=["gate"])
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    building.replace(target)
    return tuple(found)


@contextmanager
def _quiet(home: Path) -> Iterator[None]:
    """Import and use the library without its log, warnings, usage reports or a home directory."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    with warnings.catch_warnings(), _home(home):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)


@contextmanager
def _home(fallback: Path) -> Iterator[None]:
    """The library asks for the home directory when imported; an account without one gets the warehouse."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(fallback)
        try:
            yield
        finally:
            os.environ.pop("HOME", None)
        return
    yield


def _context(docs: Path) -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    site = {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.resolve())},
    }
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        data_docs_sites={"gate": site},
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(project_config=config, mode="ephemeral")


def _run(context: Any, batch: Batch, settings: Settings) -> list[Outcome]:
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier

    suite = gx.ExpectationSuite(name=batch.suite, expectations=[_expectation(check) for check in batch.checks])
    asset = context.data_sources.get("warehouse").add_dataframe_asset(batch.suite)
    definition = gx.ValidationDefinition(
        name=batch.suite,
        data=asset.add_batch_definition_whole_dataframe("year"),
        suite=context.suites.add(suite),
    )
    definition = context.validation_definitions.add(definition)
    run = RunIdentifier(run_name=str(settings.year), run_time=_midnight(settings.as_of))
    given = {"batch_parameters": {"dataframe": batch.frame}, "run_id": run}
    result = definition.run(**given, result_format="BOOLEAN_ONLY" if batch.keys else "BASIC")
    if not result.success and batch.keys:
        result = definition.run(**given, result_format=_naming(batch))
    by_name = {item.expectation_config.meta["name"]: item for item in result.results}
    return [_outcome(batch, check, by_name[check.name]) for check in batch.checks]


def _expectation(check: Check) -> Any:
    import great_expectations.expectations as gxe

    return getattr(gxe, check.kind)(
        **check.arguments,
        meta={"name": check.name},
        notes=[check.message_zh, check.message_en],
        severity="critical" if check.level == "stop" else "warning",
    )


def _naming(batch: Batch) -> dict[str, Any]:
    """The result format that names the failing rows: three times as slow, so only where something failed."""
    shown: dict[str, Any] = {"result_format": "SUMMARY", "partial_unexpected_count": SHOWN}
    return shown | {"unexpected_index_column_names": list(batch.keys)}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _outcome(batch: Batch, check: Check, result: Any) -> Outcome:
    raised = (result.exception_info or {}).get("raised_exception", False)
    nested = [v for v in (result.exception_info or {}).values() if isinstance(v, dict) and v.get("raised_exception")]
    observed = "not evaluated" if raised or nested else _observed(batch, check, dict(result.result))
    success = bool(result.success)
    zh, en = ("", "") if success or raised or nested else _told(batch, check, dict(result.result))
    return Outcome(
        batch.suite, check.name, check.level, success, observed, check.message_zh + zh, check.message_en + en
    )


def _told(batch: Batch, check: Check, result: dict[str, Any]) -> tuple[str, str]:
    """Return a sentence for each failing row, at most `SHOWN`: who, what, and the values of both years."""
    if batch.tell is None:
        return "", ""
    by_key = {tuple(row[key] for key in batch.keys): row for row in batch.frame.to_dict("records")}
    named = [row for row in result.get("partial_unexpected_index_list") or [] if isinstance(row, dict)][:SHOWN]
    told = [batch.tell(check.name, by_key[tuple(row[key] for key in batch.keys)]) for row in named]
    more = ("……", " …") if result.get("unexpected_count", 0) > len(told) else ("。", ".")
    if not told:
        return "", ""
    return "。" + ";".join(zh for zh, _ in told) + more[0], " " + "; ".join(en for _, en in told) + more[1]


def _observed(batch: Batch, check: Check, result: dict[str, Any]) -> str:
    """Return the value of a one-row frame, else how many rows were looked at and which of them failed."""
    if not batch.keys:
        return show(batch.frame[check.arguments["column"]].iloc[0])
    failed = result.get("unexpected_count", 0)
    rows = result.get("partial_unexpected_index_list") or []
    named = "; ".join(_row(row, batch.keys) for row in rows[:SHOWN] if isinstance(row, dict))
    more = " …" if failed > len(rows) else ""
    return f"{failed} of {_looked_at(batch, check)}" + (f": {named}{more}" if named else "")


def _looked_at(batch: Batch, check: Check) -> int:
    """Rows that the expectation judges: those with a value in its columns, or all where an empty cell counts."""
    if check.kind in ("ExpectColumnValuesToNotBeNull", "ExpectCompoundColumnsToBeUnique"):
        return len(batch.frame)
    columns = [check.arguments[key] for key in ("column", "column_A", "column_B") if key in check.arguments]
    return int(batch.frame[columns].notna().all(axis=1).sum())


def _row(row: dict[str, Any], keys: tuple[str, ...]) -> str:
    name = "/".join(show(row.get(key)) for key in keys)
    values = [show(value) for column, value in row.items() if column not in keys]
    return f"{name}={', '.join(values)}" if values else name


def show(value: Any) -> str:
    """Return a figure in at most six digits, counts whole, anything else as text."""
    if value is None or pd.isna(value):
        return "-"
    if isinstance(value, float):
        return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{float(value):.6g}"
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value)
