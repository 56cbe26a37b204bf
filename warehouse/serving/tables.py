"""Tables of a snapshot as PostgreSQL has them: types, rows for COPY, keys and comments."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa
from psycopg import sql
from pyarrow import csv

from landgauge.errors import StageFailed
from landgauge.sql import identifier
from warehouse.publish import registry
from warehouse.serving import rows

_BATCH = 122_880  # rows: DuckDB's own size of a row group
_TYPES = {
    "BOOLEAN": "boolean", "TINYINT": "smallint", "SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint",
    "HUGEINT": "numeric(39)", "FLOAT": "real", "DOUBLE": "double precision", "VARCHAR": "text", "DATE": "date",
    "TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamptz", "BLOB": "bytea",
}  # fmt: skip
_COMMENTS = {
    "access_district": "权限: 可见此行的行政区 (district that sees the row; * = all groups, NULL = the city alone)",
    "access_town": "权限: 可见此行的街镇 (street that sees the row; * = all groups, NULL = none)",
}


@dataclass(frozen=True)
class Table:
    """A published table or view: its columns with their types in the snapshot, its key, and its comments."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    comment: str | None
    column_comments: Mapping[str, str]


def tables(con: duckdb.DuckDBPyConnection) -> list[Table]:
    """Return every table and view of the snapshot in the order of their names."""
    said = con.execute(
        "select table_name, comment from duckdb_tables() where schema_name = 'marts' "
        "union all select view_name, comment from duckdb_views() where schema_name = 'marts' order by all"
    ).fetchall()
    found = con.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns() where schema_name = 'marts' "
        "order by table_name, column_index"
    ).fetchall()
    return [_table(name, comment, [row[1:] for row in found if row[0] == name]) for name, comment in said]


def _table(name: str, comment: str | None, columns: list[tuple[str, str, str | None]]) -> Table:
    key = registry()[name].key if name in registry() else ()
    kinds = {column: kind for column, kind, _ in columns}
    texts = {column: text for column, _, text in columns if text} | _COMMENTS
    return Table(name, kinds, key if set(key) <= set(kinds) else (), comment, texts)


def create(table: Table, schema: str) -> sql.Composed:
    """Return the statement that creates the table with its access columns."""
    kinds = {**table.columns, **dict.fromkeys(rows.COLUMNS, "VARCHAR")}
    columns = [sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(_type(table, c, k))) for c, k in kinds.items()]
    return sql.SQL("create table {} ({})").format(sql.Identifier(schema, table.name), sql.SQL(", ").join(columns))


def _type(table: Table, column: str, kind: str) -> str:
    item = kind.removesuffix("[]")
    known = item.lower() if item.startswith("DECIMAL(") else _TYPES.get(item)
    if known is None:
        raise StageFailed(
            f"{table.name}.{column} is {kind}, for which PostgreSQL has no type here",
            "Publish the column as one of the types of the other marts.",
        )
    return known + kind[len(item) :]


def finish(table: Table, schema: str) -> Iterator[sql.Composed]:
    """Yield the statements that follow the rows: indexes, what statistics are kept, and comments."""
    where = sql.Identifier(schema, table.name)
    if table.key and (table.name in rows.content()["keyed"] or rows.rule(table.name).kind == "open"):
        yield sql.SQL("create unique index on {} ({})").format(where, _names(table.key))
    for column in rows.COLUMNS:
        yield sql.SQL("create index on {} ({})").format(where, sql.Identifier(column))
    kept = rows.content()["statistics"]
    hidden = [c for c in (*table.columns, *rows.COLUMNS) if c not in kept]
    yield sql.SQL("alter table {} {}").format(
        where, sql.SQL(", ").join(sql.SQL("alter {} set statistics 0").format(sql.Identifier(c)) for c in hidden)
    )
    yield sql.SQL("comment on table {} is {}").format(where, sql.Literal(table.comment))
    for column, text in table.column_comments.items():
        place = sql.Identifier(schema, table.name, column)
        yield sql.SQL("comment on column {} is {}").format(place, sql.Literal(text))


def _names(columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def blocks(con: duckdb.DuckDBPyConnection, table: Table) -> Iterator[bytes]:
    """Yield the table's rows with their access columns as CSV, those of one street together; a NULL is an empty cell.

    A double is written with the digits that give it back exactly. PostgreSQL's text cannot hold the character NUL,
    which becomes its picture, U+2400.
    """
    written = ", ".join(_written(c, k) for c, k in table.columns.items())
    order = ", ".join([*rows.COLUMNS, *(f"served.{identifier(c)}" for c in table.key)])
    query = (
        f"select {written}, {', '.join(rows.COLUMNS)} from ({rows.select(con, table.name, table.columns)}) as served"
    )
    for batch in con.execute(f"{query} order by {order}").to_arrow_reader(_BATCH):
        target = io.BytesIO()
        csv.write_csv(pa.Table.from_batches([batch]), target, csv.WriteOptions(include_header=False))
        yield target.getvalue()


def _written(column: str, kind: str) -> str:
    name = identifier(column)
    if kind == "BLOB":
        return rf"'\x' || hex({name}) as {name}"
    if kind == "VARCHAR":
        return f"replace({name}, chr(0), '␀') as {name}"
    if kind.endswith("[]"):
        item = r"""'"' || replace(replace(replace(item::varchar, chr(0), '␀'), '\', '\\'), '"', '\"') || '"'"""
        items = f"list_transform({name}, lambda item: coalesce({item}, 'NULL'))"
        return f"'{{' || array_to_string({items}, ',') || '}}' as {name}"
    return f"{name}::varchar as {name}" if kind == "HUGEINT" else name
