"""Publishing: the last snapshot less this year, plus this year's marts; it and its Parquet files by one rename.

Readers of the old snapshot go on with it. A run that dies leaves the old one, and the next run clears its remains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import yaml

from landgauge.errors import StageFailed
from landgauge.settings import Settings, StageResult
from landgauge.sql import literal
from warehouse import db, done, kept, parquet, runs, views

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


@dataclass(frozen=True)
class Taken:
    """What a publication took into the snapshot: rows of each table, and the tables that stood otherwise before.

    Of those `merged` are the ones whose rows it wrote; of the others a comment is new.
    """

    rows: Mapping[str, int]
    changed: frozenset[str]
    merged: frozenset[str]


def publish(settings: Settings) -> StageResult:
    """Publish the working marts of the settings' year; with `approved_by` as final, else as provisional.

    A year that is already published, and whose marts are no longer in the working file, can still be approved:
    its rows stay and only its state changes. Raises StageFailed when the year has not been built, or the disk is full.
    """
    kept.snapshots_of_a_year()  # a wrong setting is said before anything is done
    try:
        building = kept.begin(settings)
        if settings.snapshot.exists():
            kept.copy(settings.snapshot, building / kept.SNAPSHOT)
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
        con.execute(f"attach {literal(str(settings.database))} as work (read_only)")
        con.execute("create schema if not exists marts")
        runs.create(con)
        run = runs.of_year(con, settings.year)
        if run is None:
            raise StageFailed(f"year {settings.year} has not been ingested", "Run `landgauge ingest` first.")
        taken = _year(con, settings, run["run_id"])
        runs.record(con, settings, run)
        parts = [*_parts(con, settings, taken), *_views(con, settings, taken)]
        parquet.write(con, building / kept.PARQUET, parts)
        con.execute("detach work")
        con.execute("checkpoint")
    return run["run_id"], {"tables": len(taken.rows), "rows": sum(taken.rows.values())}


def _year(con: duckdb.DuckDBPyConnection, settings: Settings, run_id: str) -> Taken:
    """Take the year's marts into the snapshot and return their row counts; none where a published year is approved."""
    whole = done.is_whole(con, settings.year, "work")  # a run may have died among tables that bear its id already
    if whole and _built_run(con) == run_id and _calendar_fits(con, settings):
        return _merge_all(con, settings, runs.is_published(con, run_id))
    if settings.approved_by and runs.is_published(con, run_id):
        return Taken({}, frozenset(), frozenset())
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


def _merge_all(con: duckdb.DuckDBPyConnection, settings: Settings, again: bool) -> Taken:
    """Bring every table up to date; `again`: the run was published before, so that its rows may stand already.

    One transaction: nobody reads the file yet, and each commit would wait for the disk.
    """
    here = con.execute("select current_database()").fetchone()[0]
    new, old = _columns(con, "work"), _columns(con, here)
    rows, merged = {}, set()
    con.execute("begin")
    for mart in _marts(con):
        same_columns = new[mart.name] == old.get(mart.name)
        may_stand = same_columns and (again or mart.year_column is None)
        if not (may_stand and _stands(con, mart, settings, new[mart.name])):
            merged.add(mart.name)
            _merge(con, mart, settings, new[mart.name], old.get(mart.name, {}))
        rows[mart.name] = con.execute(f"select count(*) from work.marts.{mart.name}").fetchone()[0]
    changed = merged | _copy_comments(con, here)
    con.execute("commit")
    return Taken(rows, frozenset(changed), frozenset(merged))


def _stands(con: duckdb.DuckDBPyConnection, mart: Mart, settings: Settings, columns: Columns) -> bool:
    """Tell whether the snapshot holds the rows that this run would write: as many, and of equal digests.

    A table whose rows keep their run is compared without it. Hashed twice, so that the sum of the digests does not
    hang on how DuckDB combines those of a row's values.
    """
    content = [c for c in columns if c != "run_id" or not mart.keeps_run]
    where = f" where {mart.year_column} in {_replaced(mart, settings)}" if mart.year_column else ""
    digest = f"select count(*), sum(hash(hash({', '.join(content)}))) from"
    sql = f"{digest} work.marts.{mart.name} except {digest} marts.{mart.name}{where}"
    return con.execute(sql).fetchone() is None


def _merge(con: duckdb.DuckDBPyConnection, mart: Mart, settings: Settings, new: Columns, old: Columns) -> None:
    """Bring one table of the new snapshot up to date.

    A year's rows are stored by their key: who asks for one parcel reads one row group of each year, and the Parquet
    file needs no sorting of its own.
    """
    source, target = f"work.marts.{mart.name}", f"marts.{mart.name}"
    if mart.year_column is None:
        keep = mart.keeps_run and old == new
        con.execute(f"create or replace table {target} as {_keeping_run(mart, new) if keep else f'from {source}'}")
    elif old == new:
        con.execute(f"delete from {target} where {mart.year_column} in {_replaced(mart, settings)}")
        con.execute(f"insert into {target} from {source} order by {_in_order(mart)}")
    else:
        gone = _replaced(mart, settings)
        kept = f"union all by name select * from {target} where {mart.year_column} not in {gone}" if old else ""
        shared = f"select {', '.join(new)} from (select * from {source} {kept})"
        con.execute(f"create or replace table {target} as {shared} order by {_in_order(mart)}")


def _in_order(mart: Mart) -> str:
    return ", ".join(dict.fromkeys([str(mart.year_column), *mart.key]))


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
    return f"({', '.join(literal(str(part)) for part in _partitions(mart, settings))})"


def _copy_comments(con: duckdb.DuckDBPyConnection, here: str) -> set[str]:
    """Comments carry Chinese names, units and the geometry's reference system to BI tools; those that stand stay.

    Returns the tables of those that did not.
    """
    standing = set(_comments(con, here))
    new = [comment for comment in _comments(con, "work") if comment not in standing]
    for table, column, text in new:
        place = f"column marts.{table}.{column}" if column else f"table marts.{table}"
        con.execute(f"comment on {place} is {literal(text)}")
    return {table for table, _, _ in new}


def _comments(con: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str, str]]:
    """Comments of published tables and their columns: table, column (empty for the table), text."""
    return con.execute(
        "select table_name, column_name, comment from duckdb_columns() where database_name = $database "
        "and schema_name = 'marts' and comment is not null union all "
        "select table_name, '', comment from duckdb_tables() where database_name = $database "
        "and schema_name = 'marts' and comment is not null order by all",
        {"database": database},
    ).fetchall()


def _parts(con: duckdb.DuckDBPyConnection, settings: Settings, taken: Taken) -> Iterator[parquet.Part]:
    """The Parquet files that this run writes: of its partitions, of tables without any, and of the runs.

    A partition of the year after is written where it has rows, or had some; one that did not change, where its file
    is gone.
    """
    before = kept.parquet_folder(settings)
    for mart in [registry().get(name) or _unlisted(con, name) for name in taken.rows]:
        for part in _of_mart(mart, settings, mart.name in taken.merged):
            had_rows = (before / part.file).exists()
            is_due = mart.name in taken.changed if had_rows else part.name in _own(settings)
            if is_due or (not had_rows and con.execute(f"from marts.{mart.name} {part.where} limit 1").fetchone()):
                yield part
    yield parquet.Part(runs.TABLE, ("run_id", "state"))


def _own(settings: Settings) -> tuple[str, ...]:
    """The partitions that have a file even where they have no rows."""
    return ("all", str(settings.year), str(settings.as_of))


def _of_mart(mart: Mart, settings: Settings, was_merged: bool) -> Iterator[parquet.Part]:
    if mart.year_column is None:
        yield parquet.Part(mart.name, mart.key)
        return
    for part in _partitions(mart, settings):
        where = f"where {mart.year_column} = {literal(str(part))}"
        yield parquet.Part(mart.name, mart.key, str(part), where, in_order=was_merged)


def _views(con: duckdb.DuckDBPyConnection, settings: Settings, taken: Taken) -> list[parquet.Part]:
    """Make the views anew; return the files of those that say something else, or read what changed."""
    before, said = kept.parquet_folder(settings), views.definitions(con)
    names = views.create(con)
    now = views.definitions(con)
    changed = taken.changed | {runs.TABLE}
    stands = {v.name for v in views.registry() if said.get(v.name) == now.get(v.name) and not v.reads & changed}
    parts = [parquet.Part(name, ("all",)) for name in names]
    return [part for part in parts if part.table not in stands or not (before / part.file).exists()]
