"""Views of the published snapshot over all its years; their SQL stands in `warehouse/views/`, one file a view.

The comment at the head of a file documents it: text up to an empty comment line is the view's comment, then one line
`-- column: text` a column. A view whose tables are not published yet is left out until they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from landgauge.sql import literal

FOLDER = Path(__file__).parent / "views"


@dataclass(frozen=True)
class View:
    """A view: its query, what it is, what its columns are, and the marts that it reads."""

    name: str
    sql: str
    comment: str
    columns: dict[str, str]
    reads: frozenset[str]


@cache
def registry() -> tuple[View, ...]:
    """Return the views by name; raises ValueError where a head has a line that describes no column."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.sql")))


def create(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Create in schema `marts` every view whose tables stand there, with comments; return their names."""
    found = {name for (name,) in con.execute("select table_name from duckdb_tables() where schema_name = 'marts'"
                                             " and database_name = current_database()").fetchall()}  # fmt: skip
    ready = [view for view in registry() if view.reads <= found]
    for view in ready:
        con.execute(f"create or replace view marts.{view.name} as {view.sql}")
        con.execute(f"comment on view marts.{view.name} is {literal(view.comment)}")
        for column, text in view.columns.items():
            con.execute(f"comment on column marts.{view.name}.{column} is {literal(text)}")
    return [view.name for view in ready]


def definitions(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return what the views in schema `marts` say, by name.

    DuckDB quotes and spaces a view otherwise when it was read from a file, so both are left out, but within texts.
    """
    found = con.execute("select view_name, sql from duckdb_views() where schema_name = 'marts'"
                        " and database_name = current_database()").fetchall()  # fmt: skip
    parts = {name: re.split(r"('(?:[^']|'')*')", sql) for name, sql in found}
    return {
        name: "".join(text if number % 2 else re.sub(r'[\s"]', "", text) for number, text in enumerate(texts))
        for name, texts in parts.items()
    }


def _read(path: Path) -> View:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line.removeprefix("--").strip() for line in lines if line.startswith("--")][: _head_length(lines)]
    gap = head.index("")
    columns = dict(line.split(": ", 1) for line in head[gap + 1 :])
    sql = "\n".join(lines[len(head) :])
    return View(path.stem, sql, " ".join(head[:gap]), columns, frozenset(re.findall(r"\bmarts\.(\w+)", sql)))


def _head_length(lines: list[str]) -> int:
    return next(number for number, line in enumerate(lines) if not line.startswith("--"))
