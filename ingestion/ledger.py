"""The tables of ingestion in the working file: ledger, raw rows, findings; and the loads that stand in them."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion import rows
from ingestion.contract import Contract, all_contracts
from ingestion.scan import SourceFile, decoded
from ingestion.source import Part
from landgauge.errors import ConfigurationError
from landgauge.sql import identifier, literal

_SCHEMAS = ("ledger", "raw", "accepted", "quarantine", "qc", "profile", "run")
_TABLES = (
    """create table if not exists ledger.load (
    load_id bigint, file_sha256 varchar, dataset varchar, data_year integer, file_name varchar, rows_in bigint,
    accepted bigint, quarantined bigint, superseded bigint, state varchar, reason varchar, rules_sha256 varchar,
    loaded_at timestamp, superseded_by bigint, run_id varchar, recorded_at timestamp, superseded_at timestamp,
    former_state varchar)""",
    """create table if not exists ledger.load_column (
    load_id bigint, source_column varchar, column_name varchar, given_unit varchar, factor double)""",
    # where a workbook's rows stand in its sheets, so that findings can be shown there
    """create table if not exists ledger.load_sheet (
    load_id bigint, sheet varchar, headers varchar[], columns integer[],
    runs struct(row_no bigint, sheet_row bigint, sheet_rows bigint)[])""",
    # dataset-years whose rows changed since they were last resolved: survives a killed run
    "create table if not exists ledger.unresolved (dataset varchar, data_year integer)",
    """create table if not exists quarantine.finding (
    load_id bigint, dataset varchar, data_year integer, row_no bigint, rule_code varchar, column_name varchar,
    value varchar, original_row varchar, severity varchar, message_zh varchar, message_en varchar,
    next_step varchar, origin varchar)""",
    """create table if not exists qc.source_finding (
    load_id bigint, dataset varchar, data_year integer, row_no bigint, rule_code varchar, value varchar,
    message_zh varchar, message_en varchar)""",
)
_BLOCK = 1 << 22
_LONGEST_REASON = 2000  # characters: what a person still reads, even where a name in the file is endless


@dataclass(frozen=True)
class Load:
    """One row of the ledger, as far as loading needs it; `recorded_at` (UTC) is when it first became known."""

    load_id: int
    file_sha256: str
    dataset: str
    data_year: int
    file_name: str
    state: str
    rules_sha256: str
    recorded_at: datetime | None = None


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Create what is not there yet: schemas, tables, and for every contract its raw table and accepted view."""
    con.execute("begin")
    try:
        for statement in (*(f"create schema if not exists {schema}" for schema in _SCHEMAS), *_TABLES):
            con.execute(statement)
        there = _raw_columns(con)
        for contract in all_contracts().values():
            _create_raw(con, contract, there)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def _raw_columns(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The columns of each table of raw rows that stands."""
    return dict(
        con.execute(
            "select table_name, list(column_name) from duckdb_columns() "
            "where database_name = current_database() and schema_name = 'raw' group by table_name"
        ).fetchall()
    )


def _create_raw(con: duckdb.DuckDBPyConnection, contract: Contract, there: dict[str, list[str]]) -> None:
    """Columns new to a contract are added to a table that stands."""
    columns = rows.typed_columns(contract)
    declared = "".join(f", {identifier(name)} {kind}" for name, kind in columns.items())
    for table in (contract.dataset, f"corrected_{contract.dataset}"):
        if table not in there:
            con.execute(f"create table raw.{table} (load_id bigint, row_no bigint, data_year integer{declared})")
        for name in (name for name in columns if name not in there.get(table, columns)):
            con.execute(f"alter table raw.{table} add column {identifier(name)} {columns[name]}")
    con.execute(_accepted_view(contract, list(columns)))


def _accepted_view(contract: Contract, columns: list[str]) -> str:
    names = ", ".join(f"r.{identifier(name)}" for name in ("load_id", "row_no", "data_year", *columns))
    own = f"from raw.{contract.dataset} as r semi join loaded as l on r.load_id = l.load_id"
    return f"""
create or replace view accepted.{contract.dataset} as
with loaded as (
    select load_id from ledger.load where dataset = {literal(contract.dataset)} and state = 'loaded'
),
taken_out as (
    select load_id, row_no from quarantine.finding
    where dataset = {literal(contract.dataset)} and origin = 'resolve' and severity = 'error'
    union all
    select load_id, row_no from raw.corrected_{contract.dataset}
)
select {names} {own} anti join taken_out as t on r.load_id = t.load_id and r.row_no = t.row_no
union all
select {names} from raw.corrected_{contract.dataset} as r semi join loaded as l on r.load_id = l.load_id"""


def loads(con: duckdb.DuckDBPyConnection) -> list[Load]:
    """Return every row of the ledger in load order."""
    sql = (
        "select load_id, file_sha256, dataset, data_year, file_name, state, rules_sha256, recorded_at "
        "from ledger.load order by load_id"
    )
    return [Load(*row) for row in con.execute(sql).fetchall()]


def next_id(con: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the next load."""
    return int(con.execute("select coalesce(max(load_id), 0) + 1 from ledger.load").fetchall()[0][0])


def recording_time(con: duckdb.DuckDBPyConnection, given: datetime | None) -> datetime:
    """Return the time (UTC) at which what is loaded now becomes known: the given one, or now.

    Time in the ledger does not run backwards: now is at least the newest recorded time, and a given one before it is
    refused, like one that has not come yet. Raises ConfigurationError.
    """
    ((newest,),) = con.execute("select max(greatest(recorded_at, superseded_at)) from ledger.load").fetchall()
    now = utc_now()
    if given is None:
        return max(now, newest or now)
    if given > now:
        raise ConfigurationError(f"--recorded-at {given} has not come yet (UTC)", "Give a time up to now.")
    if newest is not None and given < newest:
        message = f"--recorded-at {given} 早于台账中最新的登记时间 {newest} (before the newest recorded time, UTC)"
        raise ConfigurationError(message, "Load an archive in the order in which its files became known.")
    return given


def utc_now() -> datetime:
    """Return the time of the clock in UTC, without a zone, as the ledger keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def enter(con: duckdb.DuckDBPyConnection, load: Load, rows_in: int, reason: str | None) -> None:
    """Write a load's row, replacing the one of that number; counts of a loaded file are settled by resolution."""
    now = utc_now()
    con.execute("delete from ledger.load where load_id = ?", [load.load_id])
    quarantined = rows_in if load.state == "rejected" else 0
    if reason is not None and len(reason) > _LONGEST_REASON:
        reason = reason[:_LONGEST_REASON] + " …"
    con.execute(
        "insert into ledger.load values (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, null, null, ?, null, null)",
        [
            load.load_id, load.file_sha256, load.dataset, load.data_year, load.file_name, rows_in,
            rows_in - quarantined, quarantined, load.state, reason, load.rules_sha256, now, load.recorded_at or now,
        ],
    )  # fmt: skip


def clear(con: duckdb.DuckDBPyConnection, load: Load) -> None:
    """Take out all that a load left in other tables, before it is loaded again in place."""
    if load.dataset in all_contracts():
        con.execute(f"delete from raw.{load.dataset} where load_id = ?", [load.load_id])
    for table in ("ledger.load_column", "ledger.load_sheet", "quarantine.finding", "qc.source_finding"):
        con.execute(f"delete from {table} where load_id = ?", [load.load_id])


def place(con: duckdb.DuckDBPyConnection, load: Load, part: Part) -> None:
    """Write where a part of a workbook stands in its sheet; other files have no such place."""
    if part.place is None:
        return
    names = ("row_no", "sheet_row", "sheet_rows")
    runs = [dict(zip(names, run, strict=True)) for run in part.place.runs]
    con.execute(
        "insert into ledger.load_sheet values (?, ?, ?, ?, "
        "?::struct(row_no bigint, sheet_row bigint, sheet_rows bigint)[])",
        [load.load_id, part.label, [field.header for field in part.fields], list(part.place.columns), runs],
    )


def supersede(
    con: duckdb.DuckDBPyConnection,
    load: Load,
    names: tuple[str, ...],
    later_too: bool = False,
    at: datetime | None = None,
) -> None:
    """Mark the loads of those names in the load's dataset-year as superseded by it; their rows and findings stay.

    `at` is when that became known; by default when the superseding load did.
    """
    older = "true" if later_too else "load_id < $id"
    where = (
        f"dataset = $dataset and data_year = $year and list_contains($names, file_name) and load_id <> $id and {older} "
        "and state in ('loaded', 'rejected')"
    )
    values = {"id": load.load_id, "dataset": load.dataset, "year": load.data_year, "names": list(names)}
    found = con.execute(f"select load_id from ledger.load where {where}", values).fetchall()
    for (old,) in found:
        con.execute(
            "update ledger.load set former_state = state, state = 'superseded', superseded_by = ?, superseded_at = ?, "
            "superseded = rows_in, accepted = 0, quarantined = 0 where load_id = ?",
            [load.load_id, at or load.recorded_at or utc_now(), old],
        )
    if found:
        mark(con, load.dataset, load.data_year)


def mark(con: duckdb.DuckDBPyConnection, dataset: str, year: int) -> None:
    """Note that a dataset-year must be resolved again."""
    con.execute("delete from ledger.unresolved where dataset = ? and data_year = ?", [dataset, year])
    con.execute("insert into ledger.unresolved values (?, ?)", [dataset, year])


def keep(source: SourceFile, folder: Path, seen: str) -> str:
    """Copy a file as it came to `folder/<sha256>` and return the digest; a Shapefile is kept as one archive.

    `seen` is the digest of a file without sidecars as this run found it: what is kept already is not read again. A
    copy is complete or not there: it is written beside its place and renamed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not source.sidecars and (folder / seen).is_file():
        return seen
    part = folder / "incoming.part"
    if source.sidecars:
        _bundle((source.path, *source.sidecars), part)
        with part.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
    else:
        digest = _copy(source.path, part)
    part.replace(folder / digest)
    return digest


def _copy(source: Path, target: Path) -> str:
    """Copy a file and return the digest of what was copied: the file may be changing meanwhile."""
    digest = hashlib.sha256()
    with source.open("rb") as handle, target.open("wb") as out:
        while block := handle.read(_BLOCK):
            digest.update(block)
            out.write(block)
    return digest.hexdigest()


def _bundle(paths: tuple[Path, ...], target: Path) -> None:
    """Equal files give an equal archive: stored in order of name, all with the same date."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(paths, key=lambda p: p.name.encode("utf-8", "surrogateescape")):
            info = zipfile.ZipInfo(decoded(os.fsencode(path.name)), date_time=(1980, 1, 1, 0, 0, 0))
            with path.open("rb") as handle, archive.open(info, "w") as out:
                shutil.copyfileobj(handle, out, _BLOCK)
