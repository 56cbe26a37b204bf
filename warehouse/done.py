"""Which stages of which years are done, and from what: `run.done` in the working file.

A row `stands` while the working tables are still those that its stage wrote. A stage that begins takes that from its
own row and from those of all later stages, of whichever year: they are written over, or were made from what is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from landgauge.settings import StageResult

WRITING = ("build", "score", "contracts", "forecast")  # stages whose working tables hold one year
_TABLES = (
    "create schema if not exists run",
    """create table if not exists run.done (
    year integer, stage varchar, fingerprint varchar, beside varchar, rows map(varchar, bigint), complaints varchar[],
    stands boolean)""",
    """create table if not exists run.part (
    part varchar, fingerprint varchar, rows map(varchar, bigint), complaints varchar[])""",
)


@dataclass(frozen=True)
class Done:
    """A stage of a year that ended: what it read (`fingerprint`; `beside`: what it may itself have replaced since)."""

    fingerprint: str
    beside: str
    result: StageResult
    stands: bool


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables where they are not."""
    for table in _TABLES:
        con.execute(table)


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Empty the tables."""
    for table in ("done", "part"):
        con.execute(f"delete from run.{table}")


def of_year(con: duckdb.DuckDBPyConnection, year: int) -> dict[str, Done]:
    """Return what is known of a year's stages, by stage; nothing where the table is not there."""
    try:
        found = con.execute(
            f"select stage, fingerprint, beside, rows, complaints, stands from run.done where year = {year:d}"
        ).fetchall()
    except duckdb.CatalogException:
        return {}
    return {row[0]: _done(*row[1:]) for row in found}


def _done(fingerprint: str, beside: str, rows: Any, complaints: Any, stands: bool) -> Done:
    result = StageResult(dict(rows or {}), tuple(complaints or ()), unchanged=True)
    return Done(fingerprint, beside, result, stands)


def begin(con: duckdb.DuckDBPyConnection, year: int, stage: str) -> None:
    """Note that a stage begins to write."""
    later = [*WRITING[WRITING.index(stage) :]] if stage in WRITING else []
    con.execute("begin")
    con.execute("delete from run.done where year = ? and stage = ?", [year, stage])
    con.execute("update run.done set stands = false where list_contains(?, stage) and stands", [later])
    con.execute("commit")


def end(
    con: duckdb.DuckDBPyConnection, year: int, stage: str, fingerprint: str, beside: str, result: StageResult
) -> None:
    """Note that a stage is done."""
    con.execute("delete from run.done where year = ? and stage = ?", [year, stage])
    con.execute(
        "insert into run.done values (?, ?, ?, ?, ?, ?, true)",
        [year, stage, fingerprint, beside, dict(result.rows), list(result.complaints)],
    )


def is_whole(con: duckdb.DuckDBPyConnection, year: int, database: str) -> bool:
    """Tell whether the working tables of an attached working file are one whole year; True where nothing is known."""
    try:
        sql = f"select stage from {database}.run.done where year = ? and stands"
        stands = {stage for (stage,) in con.execute(sql, [year]).fetchall()}
        known = con.execute(f"select count(*) from {database}.run.done").fetchone()[0]
    except duckdb.CatalogException:
        return True
    return not known or set(WRITING) <= stands


def part(con: duckdb.DuckDBPyConnection, name: str, fingerprint: str | None) -> StageResult | None:
    """Return what the Python part of a stage gave when it was made from the same; else None, and it is forgotten."""
    prepare(con)
    row = con.execute("select fingerprint, rows, complaints from run.part where part = ?", [name]).fetchone()
    if row is not None and row[0] == fingerprint:
        return StageResult(dict(row[1] or {}), tuple(row[2] or ()), unchanged=True)
    con.execute("delete from run.part where part = ?", [name])
    return None


def end_part(con: duckdb.DuckDBPyConnection, name: str, fingerprint: str | None, result: StageResult) -> None:
    """Note from what the Python part of a stage was made; without a fingerprint nothing is."""
    if fingerprint is not None:
        values = [name, fingerprint, dict(result.rows), list(result.complaints)]
        con.execute("insert into run.part values (?, ?, ?, ?)", values)
