"""What a warehouse holds and what runs on it, read without changing or disturbing anything.

The working file is read while nobody writes; meanwhile, and beside it, the published snapshot says what it knows.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from landgauge import journal
from landgauge.freshness import freshness
from warehouse import lock
from warehouse.published import open_snapshot

_RUNS = (
    "select run_id, year, state, published_at, approved_by, generated from marts.fct_run "
    "order by year desc, published_at desc, run_id, state"
)
_OPEN_OBJECTIONS = (
    "select year, state, count(*) as objections from marts.fct_objection "
    "where state in ('open', 'upheld') group by all order by all"
)
_STAGES = (
    "select year, stage, started_at, seconds, peak_mb, rows from run.stage "
    "where year = (select year from run.stage order by started_at desc limit 1) order by started_at"
)
_GATE = """
select year, count(*) as expectations, count(*) filter (not success) as not_met,
       coalesce(list(message_en order by suite, expectation) filter (not success), []) as messages
from run.gate group by year order by year desc
"""
# of each dataset: files, rows and age in the year, its newest year, and the evaluated years in which nothing is loaded
_INPUTS = """
with loads as (select dataset, {year} as year, file_name, rows_in, quarantined, loaded_at from {table}
               where state = 'loaded' and {year} <= {newest}),
     years as (select distinct year from loads where dataset = 'parcels')
select dataset,
       count(*) filter (year = {newest}) as files,
       coalesce(sum(rows_in) filter (year = {newest}), 0)::bigint as rows_in,
       sum(quarantined) filter (year = {newest})
       / nullif(sum(rows_in) filter (year = {newest}), 0) as quarantined_share,
       max(loaded_at) filter (year = {newest}) as newest_file_at,
       max(year) as newest_year,
       (select coalesce(list(y.year order by y.year), []) from years as y
        where y.year not in (select o.year from loads as o where o.dataset = loads.dataset)) as missing_years
from loads group by dataset order by dataset
"""


@dataclass(frozen=True)
class Status:
    """What is known of a warehouse at the moment `now` (UTC, as all times).

    `writer`: who holds it, None where nobody does. `runs`: the published runs, newest year first. `stages`: the year
    that was worked on last, with seconds, peak MB and rows of each stage. `inputs`: the datasets of `input_year` with
    files, rows, quarantined share, age in days of the newest file, and evaluated years in which they lack.
    `freshness`: which datasets are late (landgauge.freshness). `attempts`: the newest attempt at each stage of each
    year, also one that failed (landgauge.journal). `gate`: expectations by year, those not met with their messages.
    `objections`: open ones by year. `error`: last line of the last unexpected error and when it was written.
    `disk`: bytes of each part, files that several publications share counted once, and bytes that are free.
    `notes`: what could not be looked at, and why.
    """

    warehouse: Path
    now: datetime
    writer: lock.Holder | None = None
    runs: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    input_year: int | None = None
    inputs: list[dict[str, Any]] = field(default_factory=list)
    freshness: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    gate: list[dict[str, Any]] = field(default_factory=list)
    objections: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    disk: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def status(warehouse: Path, now: datetime) -> Status:
    """Return what is known of a warehouse. Raises StageFailed where its snapshot is there and cannot be read."""
    notes: list[str] = []
    found = _published(warehouse / "published" / "current.duckdb", notes)
    with lock.looking(warehouse) as writer:
        found |= _working(warehouse / "warehouse.duckdb", writer, notes)
    for row in found["inputs"]:
        newest = row["newest_file_at"]
        row["age_days"] = round((now - newest).total_seconds() / 86400, 1) if newest else None
    return Status(
        warehouse,
        now,
        writer,
        **found,
        freshness=freshness({row["dataset"]: row["newest_year"] for row in found["inputs"]}, now.date()),
        attempts=_newest(journal.attempts(warehouse / "logs")),
        error=_last_error(warehouse / "logs" / "error.log"),
        disk=_disk(warehouse),
        notes=notes,
    )


def _newest(attempts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest attempt at each stage of each year, newest year first, stages in the order of their beginning.

    One that found nothing changed leaves the one before in its place and says when it looked, as `looked_at`.
    """
    newest: dict[tuple[int, str], dict[str, Any]] = {}
    for attempt in attempts:
        key, looked = (attempt["year"], attempt["stage"]), {"looked_at": attempt["started_at"]}
        before = newest.get(key, {})
        stands = attempt.get("unchanged") and before.get("state") == "done"
        newest[key] = (before | {"unchanged": True} if stands else attempt) | looked
    return sorted(newest.values(), key=lambda a: (-a["year"], a["started_at"]))


def _published(snapshot: Path, notes: list[str]) -> dict[str, Any]:
    """Runs, the newest year with its inputs, and open objections, as the snapshot knows them."""
    if not snapshot.is_file():
        notes.append("nothing is published")
        return {"runs": [], "input_year": None, "inputs": [], "objections": []}
    with open_snapshot(snapshot) as con:
        runs = _rows(con, _RUNS)
        there = {name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()}
        year = runs[0]["year"] if runs else None
        inputs = _rows(con, _inputs("year", "marts.fct_load", year)) if "fct_load" in there else []
        objections = _rows(con, _OPEN_OBJECTIONS) if "fct_objection" in there else []
    return {"runs": runs, "input_year": year, "inputs": inputs, "objections": objections}


def _working(path: Path, writer: lock.Holder | None, notes: list[str]) -> dict[str, Any]:
    """Stages, the gate, and the newest year with its inputs, of the working file; nothing where it is not looked at."""
    if writer is not None:
        notes.append("the working file is being written: stages are not shown, inputs are those that were published")
        return {}
    if not path.is_file():
        notes.append("nothing was ever loaded")
        return {}
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            return _worked(con)
    except duckdb.Error as error:
        notes.append(f"{path} cannot be opened: {str(error).splitlines()[0]}; `landgauge doctor` says more")
        return {}


def _worked(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    tables = {t for (t,) in con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()}
    parts = {"stages": ("run.stage", _STAGES), "gate": ("run.gate", _GATE)}
    found: dict[str, Any] = {name: _rows(con, sql) for name, (table, sql) in parts.items() if table in tables}
    if {"ledger.load", "run.manifest"} <= tables:
        year = con.execute("select max(year) from run.manifest").fetchone()[0]
        inputs = _rows(con, _inputs("data_year", "ledger.load", year))
        found |= {"input_year": year, "inputs": inputs} if year is not None else {}
    return found


def _inputs(column: str, table: str, newest: int | None) -> str:
    """Written out: a parameter makes DuckDB's client import pandas, which takes longer than the whole command."""
    return _INPUTS.format(year=column, table=table, newest="null" if newest is None else f"{newest:d}")


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = con.execute(sql)
    names = [c[0] for c in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _last_error(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0, tzinfo=None)
    return {"written_at": written_at, "said": lines[-1] if lines else "", "file": str(path)}


def _disk(warehouse: Path) -> dict[str, int]:
    seen: set[int] = set()
    place = warehouse / "published" / "kept"
    states = sorted(place.glob("[0-9]*-*"), reverse=True) if place.is_dir() else []
    found = {f"published/kept/{state.name}": _size(state, seen) for state in states}
    rest = {path.name: _size(path, seen) for path in sorted(warehouse.iterdir())}
    return found | rest | {"free": shutil.disk_usage(warehouse).free}


def _size(path: Path, seen: set[int]) -> int:
    """Bytes of a file or folder; a file that several publications share counts where it is met first."""
    total = 0
    for file in [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]:
        try:
            about = file.lstat()
        except OSError:  # a run removes what it no longer needs
            continue
        if about.st_ino not in seen and not file.is_dir():
            seen.add(about.st_ino)
            total += about.st_size
    return total
