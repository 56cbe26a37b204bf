"""The rows of a snapshot and of the serving database, each row as one text: equal texts are equal values."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql


def of_snapshot(snapshot: Path) -> dict[str, list[str]]:
    """Every table and view, its rows sorted."""
    with duckdb.connect(str(snapshot), read_only=True) as con:
        names = con.execute(
            "select table_name from duckdb_tables() union select view_name from duckdb_views() "
            "where schema_name = 'marts' order by all"
        ).fetchall()
        return {name: texts(con.execute(f"select * from marts.{name}").fetchall()) for (name,) in names}


def text(row: tuple) -> str:
    """A whole number of any size is one number, whether it comes as int or as Decimal."""
    return repr(tuple(int(v) if isinstance(v, Decimal) and v.as_tuple().exponent == 0 else v for v in row))


def texts(rows: Iterable[tuple]) -> list[str]:
    return sorted(map(text, rows))


def columns(con: psycopg.Connection, table: str) -> list[str]:
    asked = "select column_name from information_schema.columns where table_schema = 'marts' and table_name = %s"
    found = [name for (name,) in con.execute(f"{asked} order by ordinal_position", [table]).fetchall()]
    return [name for name in found if name not in ("access_district", "access_town")]


def read(con: psycopg.Connection, table: str) -> list[str]:
    """The rows that this login sees, without the access columns."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns(con, table)))
    query = sql.SQL("select {} from {}").format(names, sql.Identifier("marts", table))
    return texts(con.execute(query).fetchall())


def of_server(con: psycopg.Connection, tables: Iterable[str]) -> dict[str, list[str]]:
    return {table: read(con, table) for table in tables}
