"""Publishing: the last snapshot less this year, plus this year's marts, written beside it and renamed into place.

Readers of the old snapshot go on with it. A run that dies leaves the old snapshot, and the next run clears its remains.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from landgauge import log
from landgauge.errors import StageFailed
from landgauge.settings import Settings, StageResult
from warehouse import db, views

KEPT_SNAPSHOTS = 3
Columns = Mapping[str, str]  # name to type
_log = log.get("publish")
_RUN_TABLE = """
create table if not exists marts.fct_run (
    run_id varchar, state varchar, year integer, as_of_date date, schemes varchar[], git_sha varchar,
    inputs_sha256 varchar, policy_sha256 varchar, code_sha256 varchar, started_at timestamp, finished_at timestamp,
    published_at timestamp, approved_by varchar, generated boolean, notes varchar[]
)"""


@dataclass(frozen=True)
class Mart:
    """How a table is published: its grain, the column that partitions it, and whether unchanged rows keep their run.

    `with_next_year`: a run also writes the published rows of the year after, by what they now follow.
    """

    name: str
    key: tuple[str, ...]
    year_column: str | None
    keeps_run: bool = False
    with_next_year: bool = False


@cache
def registry() -> Mapping[str, Mart]:
    """Return the published tables that `marts.yml` describes, by name."""
    content = yaml.safe_load((Path(__file__).parent / "marts.yml").read_text(encoding="utf-8"))
    return {
        name: Mart(name, tuple(d["key"]), d["year_column"], d.get("keeps_run", False), d.get("with_next_year", False))
        for name, d in content.items()
    }


def publish(settings: Settings) -> StageResult:
    """Publish the working marts of the settings' year; with `approved_by` as final, else as provisional.

    A year that is already published, and whose marts are no longer in the working file, can still be approved:
    its rows stay and only its state changes. Raises StageFailed when the year has not been built, or the disk is full.
    """
    settings.published.mkdir(parents=True, exist_ok=True)
    _clear(settings)
    building = settings.published / f".building-{os.getpid()}.duckdb"
    try:
        if settings.snapshot.exists():
            shutil.copyfile(settings.snapshot, building)
        run_id, rows = _write(settings, building)
        _put_in_place(settings, building, run_id)
    except (duckdb.Error, OSError) as error:
        raise StageFailed(
            f"publishing failed: {error}", "The old snapshot stands. Mend the cause and repeat."
        ) from error
    finally:
        _clear(settings)
    return StageResult(rows=rows)


def _clear(settings: Settings) -> None:
    """Remove what an unfinished publication left; nobody reads these files."""
    for rest in settings.published.glob(".building*"):
        rest.unlink()


def _write(settings: Settings, building: Path) -> tuple[str, dict[str, int]]:
    with duckdb.connect(str(building), config=db.config(settings)) as con:
        db.extensions(con)
        con.execute("set preserve_insertion_order = true")
        con.execute(f"attach '{settings.database}' as work (read_only)")
        con.execute("create schema if not exists marts")
        con.execute(_RUN_TABLE)
        run = _run_of(con, settings)
        built = _built_run(con)
        rows: dict[str, int] = {}
        if built == run["run_id"] and _calendar_fits(con, settings):
            rows = _merge_all(con, settings)
        elif not (settings.approved_by and _is_published(con, run["run_id"])):
            raise StageFailed(
                f"the marts of {settings.year} are not built as of {settings.as_of} (run {run['run_id']})",
                "Run the stages before publish; `landgauge contracts` after a calendar of another day.",
            )
        _record_run(con, settings, run)
        views.create(con)
        _write_parquet(con, settings, [registry().get(name) or _unlisted(con, name) for name in rows])
        con.execute("detach work")
        con.execute("checkpoint")
    return run["run_id"], {"tables": len(rows), "rows": sum(rows.values())}


def _run_of(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, Any]:
    cursor = con.execute("select * from work.run.manifest where year = ?", [settings.year])
    row = cursor.fetchone()
    if row is None:
        raise StageFailed(f"year {settings.year} has not been ingested", "Run `landgauge ingest` first.")
    return dict(zip([c[0] for c in cursor.description], row, strict=True))


def _built_run(con: duckdb.DuckDBPyConnection) -> str | None:
    """The one run whose rows the working marts hold; None while a stage is still missing."""
    found: set[str] = set()
    for mart in _marts(con):
        if mart.year_column and not mart.with_next_year:  # rows of the year after have its run
            found |= {r[0] for r in con.execute(f"select distinct run_id from work.marts.{mart.name}").fetchall()}
    return found.pop() if len(found) == 1 else None


def _calendar_fits(con: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Tell whether the contract marts were built as of the settings' day: the monthly calendar looks at other days."""
    if "as_of_date" not in _columns(con, "work").get("fct_stage_due", ()):
        return True
    days = con.execute("select distinct as_of_date from work.marts.fct_stage_due").fetchall()
    return days in ([], [(settings.as_of,)])


def _marts(con: duckdb.DuckDBPyConnection) -> list[Mart]:
    names = con.execute(
        "select table_name from duckdb_tables() where database_name = 'work' and schema_name = 'marts' order by all"
    ).fetchall()
    return [registry().get(name) or _unlisted(con, name) for (name,) in names]


def _columns(con: duckdb.DuckDBPyConnection, database: str) -> Mapping[str, Columns]:
    """The types of the columns of each published table of a database; asked once, for the catalogue is slow."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in con.execute(
        "select table_name, column_name, data_type from duckdb_columns() where database_name = ? "
        "and schema_name = 'marts' order by table_name, column_index",
        [database],
    ).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def _unlisted(con: duckdb.DuckDBPyConnection, name: str) -> Mart:
    columns = list(_columns(con, "work")[name])
    return Mart(name, tuple(columns), "year" if "year" in columns else None)


def _merge_all(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, int]:
    """Bring every table up to date and return how many rows this run wrote of each.

    One transaction: nobody reads the file yet, and each commit would wait for the disk.
    """
    here = con.execute("select current_database()").fetchone()[0]
    new, old = _columns(con, "work"), _columns(con, here)
    con.execute("begin")
    rows = {m.name: _merge(con, m, settings, new[m.name], old.get(m.name, {})) for m in _marts(con)}
    _copy_comments(con, here)
    con.execute("commit")
    return rows


def _merge(con: duckdb.DuckDBPyConnection, mart: Mart, settings: Settings, new: Columns, old: Columns) -> int:
    """Bring one table of the new snapshot up to date and return how many rows this run wrote."""
    source, target = f"work.marts.{mart.name}", f"marts.{mart.name}"
    if mart.year_column is None:
        keep = mart.keeps_run and old == new
        con.execute(f"create or replace table {target} as {_keeping_run(mart, new) if keep else f'from {source}'}")
    elif old == new:
        con.execute(f"delete from {target} where {mart.year_column} in {_replaced(mart, settings)}")
        con.execute(f"insert into {target} from {source}")
    else:
        gone = _replaced(mart, settings)
        kept = f"union all by name select * from {target} where {mart.year_column} not in {gone}" if old else ""
        shared = f"select {', '.join(new)} from (select * from {source} {kept})"
        con.execute(f"create or replace table {target} as {shared}")
    return con.execute(f"select count(*) from {source}").fetchone()[0]


def _keeping_run(mart: Mart, columns: Mapping[str, str]) -> str:
    content = [c for c in columns if c != "run_id"]
    same = " and ".join(f"n.{c} is not distinct from o.{c}" for c in content)
    picked = ", ".join([f"n.{c}" for c in content] + ["coalesce(o.run_id, n.run_id) as run_id"])
    order = ", ".join(f"n.{c}" for c in mart.key)
    return (
        f"select {picked} from work.marts.{mart.name} as n left join marts.{mart.name} as o on {same} order by {order}"
    )


def _partitions(mart: Mart, settings: Settings) -> list[int | date]:
    """What this run writes of a table: its year, and the year after where the table follows it there."""
    if mart.year_column == "as_of_date":
        return [settings.as_of]
    return [settings.year, settings.year + 1] if mart.with_next_year else [settings.year]


def _replaced(mart: Mart, settings: Settings) -> str:
    return f"({', '.join(views.literal(str(part)) for part in _partitions(mart, settings))})"


def _copy_comments(con: duckdb.DuckDBPyConnection, here: str) -> None:
    """Comments carry Chinese names, units and the geometry's reference system to BI tools; those that stand stay."""
    standing = set(_comments(con, here))
    for table, column, comment in _comments(con, "work"):
        if (table, column, comment) not in standing:
            place = f"column marts.{table}.{column}" if column else f"table marts.{table}"
            con.execute(f"comment on {place} is {views.literal(comment)}")


def _comments(con: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str, str]]:
    """Comments of published tables and their columns: table, column (empty for the table), text."""
    return con.execute(
        "select table_name, column_name, comment from duckdb_columns() where database_name = $database "
        "and schema_name = 'marts' and comment is not null union all "
        "select table_name, '', comment from duckdb_tables() where database_name = $database "
        "and schema_name = 'marts' and comment is not null order by all",
        {"database": database},
    ).fetchall()


def _is_published(con: duckdb.DuckDBPyConnection, run_id: str) -> bool:
    return con.execute("select count(*) from marts.fct_run where run_id = ?", [run_id]).fetchone()[0] > 0


def _record_run(con: duckdb.DuckDBPyConnection, settings: Settings, run: Mapping[str, Any]) -> None:
    state, now = "final" if settings.approved_by else "provisional", datetime.now(UTC).replace(tzinfo=None)
    generated, notes = con.execute("select generated, notes from work.profile.setting").fetchone()
    con.execute("delete from marts.fct_run where run_id = ? and state = ?", [run["run_id"], state])
    names = (
        "run_id",
        "year",
        "as_of_date",
        "schemes",
        "git_sha",
        "inputs_sha256",
        "policy_sha256",
        "code_sha256",
        "started_at",
    )
    row = {name: run[name] for name in names} | {
        "state": state,
        "finished_at": now,
        "published_at": now,
        "approved_by": settings.approved_by,
        "generated": generated,
        "notes": notes,
    }
    marks = ", ".join(f"${name}" for name in row)
    con.execute(f"insert into marts.fct_run ({', '.join(row)}) values ({marks})", row)


def _write_parquet(con: duckdb.DuckDBPyConnection, settings: Settings, marts: list[Mart]) -> None:
    """One file a table and year (`parquet/<table>/<year>.parquet`), or `all.parquet`; equal rows give equal bytes."""
    for mart in marts:
        folder = settings.published / "parquet" / mart.name
        folder.mkdir(parents=True, exist_ok=True)
        order = f"order by {', '.join(mart.key)}"
        if mart.year_column is None:
            _copy_parquet(con, f"from marts.{mart.name} {order}", folder / "all.parquet")
            continue
        for part in _partitions(mart, settings):
            rows = f"from marts.{mart.name} where {mart.year_column} = {views.literal(str(part))}"
            path = folder / f"{part}.parquet"
            if part in (settings.year, settings.as_of) or path.exists() or con.execute(f"{rows} limit 1").fetchone():
                _copy_parquet(con, f"{rows} {order}", path)
    folder = settings.published / "parquet" / "fct_run"
    folder.mkdir(parents=True, exist_ok=True)
    _copy_parquet(con, "from marts.fct_run order by run_id, state", folder / "all.parquet")


def _copy_parquet(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    building = path.with_name(f".{path.name}.building")
    con.execute(f"copy ({query}) to '{building}' (format parquet, compression zstd)")
    building.replace(path)


def _put_in_place(settings: Settings, building: Path, run_id: str) -> None:
    with building.open("rb") as handle:
        os.fsync(handle.fileno())
    kept = settings.published / f"{run_id}.duckdb"
    building.replace(kept)
    link = settings.published / f".building-{os.getpid()}.link"
    try:
        os.link(kept, link)
    except OSError:
        shutil.copyfile(kept, link)
    link.replace(settings.snapshot)
    found = (p for p in settings.published.glob("*.duckdb") if p != settings.snapshot)
    snapshots = sorted(found, key=lambda p: p.stat().st_mtime_ns, reverse=True)
    for old in [p for p in snapshots if p != kept][KEPT_SNAPSHOTS - 1 :]:
        old.unlink()
