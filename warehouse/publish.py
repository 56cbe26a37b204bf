"""Publishing: the last snapshot less this year, plus this year's marts; it and its Parquet files by one rename.

Readers of the old snapshot go on with it. A run that dies leaves the old one, and the next run clears its remains.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import yaml

from landgauge.errors import StageFailed
from landgauge.settings import Settings, StageResult
from warehouse import db, kept, parquet, runs, views

Columns = Mapping[str, str]  # name to type


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
    kept.snapshots_of_a_year()  # a wrong setting is said before anything is done
    try:
        building = kept.begin(settings)
        if settings.snapshot.exists():
            shutil.copyfile(settings.snapshot, building / kept.SNAPSHOT)
        run_id, rows = _write(settings, building)
        kept.link_rest(settings, building)
        replaced = kept.current(settings)
        kept.put_in_place(settings, building, run_id)
    except (duckdb.Error, OSError) as error:
        raise StageFailed(
            f"publishing failed: {error}", "The old snapshot stands. Mend the cause and repeat."
        ) from error
    finally:
        with suppress(OSError):  # the next publication clears it
            kept.clear(settings)
    return StageResult(rows=rows, complaints=_tidy(settings, replaced))


def _tidy(settings: Settings, replaced: str | None) -> tuple[str, ...]:
    """Remove what is no longer kept; what stands in the way is a complaint, for the year is published."""
    try:
        kept.tidy(settings, replaced)
    except (duckdb.Error, OSError) as error:
        return (f"{settings.year} is published, but old snapshots could not be removed: {error}",)
    return ()


def _write(settings: Settings, building: Path) -> tuple[str, dict[str, int]]:
    """Bring the snapshot in `building` up to date and write its Parquet files; return the run and its row counts."""
    with duckdb.connect(str(building / kept.SNAPSHOT), config=db.config(settings)) as con:
        db.extensions(con)
        con.execute("set preserve_insertion_order = true")
        con.execute(f"attach {views.literal(str(settings.database))} as work (read_only)")
        con.execute("create schema if not exists marts")
        runs.create(con)
        run = runs.of_year(con, settings.year)
        if run is None:
            raise StageFailed(f"year {settings.year} has not been ingested", "Run `landgauge ingest` first.")
        rows = _year(con, settings, run["run_id"])
        runs.record(con, settings, run)
        over_all_years = [parquet.Part(name, ("all",)) for name in views.create(con)]
        parquet.write(con, building / kept.PARQUET, [*_parts(con, settings, rows), *over_all_years])
        con.execute("detach work")
        con.execute("checkpoint")
    return run["run_id"], {"tables": len(rows), "rows": sum(rows.values())}


def _year(con: duckdb.DuckDBPyConnection, settings: Settings, run_id: str) -> dict[str, int]:
    """Take the year's marts into the snapshot and return their row counts; none where a published year is approved."""
    if _built_run(con) == run_id and _calendar_fits(con, settings):
        return _merge_all(con, settings)
    if settings.approved_by and runs.is_published(con, run_id):
        return {}
    raise StageFailed(
        f"the marts of {settings.year} are not built as of {settings.as_of} (run {run_id})",
        "Run the stages before publish; `landgauge contracts` after a calendar of another day.",
    )


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


def _parts(con: duckdb.DuckDBPyConnection, settings: Settings, names: Iterable[str]) -> Iterator[parquet.Part]:
    """The Parquet files that this run writes: of its partitions, of tables without any, and of the runs.

    A partition of the year after is written where it has rows, or had some.
    """
    before = kept.parquet_folder(settings)
    for mart in [registry().get(name) or _unlisted(con, name) for name in names]:
        if mart.year_column is None:
            yield parquet.Part(mart.name, mart.key)
            continue
        for part in _partitions(mart, settings):
            where = f"where {mart.year_column} = {views.literal(str(part))}"
            had_rows = (before / mart.name / f"{part}.parquet").exists()
            has_rows = f"from marts.{mart.name} {where} limit 1"
            if part in (settings.year, settings.as_of) or had_rows or con.execute(has_rows).fetchone():
                yield parquet.Part(mart.name, mart.key, str(part), where)
    yield parquet.Part(runs.TABLE, ("run_id", "state"))
