"""Reading the published marts from the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb

from landgauge.errors import ConfigurationError


def query(snapshot: Path, sql: str, form: str) -> str:
    """Return the result of a query as text: `table`, `csv`, or `json` (a list of objects; bytes in hexadecimal).

    The search path is `marts`. Raises ConfigurationError with the engine's message where the SQL is wrong.
    """
    with duckdb.connect(str(snapshot), read_only=True) as con:
        con.execute("set search_path = 'marts,main'")
        try:
            if form == "table":
                relation = con.sql(sql)
                return f"{relation}\n" if relation is not None else ""
            cursor = con.execute(sql)
            names, rows = [c[0] for c in cursor.description or []], cursor.fetchall()
        except duckdb.Error as error:
            raise ConfigurationError(
                f"the query cannot be answered: {error}", "Correct the SQL; tables stand in schema marts."
            ) from error
    return _csv(names, rows) if form == "csv" else _json(names, rows)


def _csv(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[_plain(v) for v in row] for row in rows])
    return text.getvalue()


def _json(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    content = [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
    return json.dumps(content, ensure_ascii=False, default=str) + "\n"


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, (bytes, bytearray, memoryview)) else value
