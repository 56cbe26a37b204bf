"""Values and names as they stand in SQL text: where a parameter cannot, as in file names, views and generated rules."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def literal(value: str | Path | None) -> str:
    """Return an SQL string literal, or null."""
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[str]) -> str:
    """Return string literals with commas between, as a list in SQL has them."""
    return ", ".join(map(literal, values))


def identifier(name: str) -> str:
    """Return a name in double quotation marks."""
    return '"' + name.replace('"', '""') + '"'
