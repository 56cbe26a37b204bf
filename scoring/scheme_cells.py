"""Cells of seed rows, read with errors that name file and line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

Row = Mapping[str, str]
PLACE = "@"  # where a row stands, as a column of its own
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)  # what SQL reads too


class SchemeError(ValueError):
    """A scheme that is not there or does not add up; the message names seed file and line, and what is wrong."""


def with_places(seeds: Mapping[str, Sequence[Row]], names: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Return the rows of the seeds named, each with the file and line where it stands.

    Raises SchemeError for a row with more or fewer cells than its header.
    """
    for name in names:
        for line, row in enumerate(seeds.get(name, ()), 2):
            if None in row or None in row.values():
                raise SchemeError(f"seeds/policy/{name}.csv line {line}: more or fewer cells than the header has")
    return {
        name: [
            {**row, PLACE: f"seeds/policy/{name}.csv line {line}"} for line, row in enumerate(seeds.get(name, ()), 2)
        ]
        for name in names
    }


def place(row: Row) -> str:
    """Return where a row stands, or an empty text."""
    return row.get(PLACE, "")


def at(row: Row, name: str) -> str:
    """Return the name of what a row is about, behind the place where it stands."""
    return f"{place(row)}: {name}" if place(row) else name


def order(row: Row, column: str) -> int:
    """Return a cell that orders rows as a whole number. Raises SchemeError."""
    value = number(row[column], f"{place(row)}: {column}")
    if value != int(value):
        raise SchemeError(f"{place(row)}: {column} must be a whole number, found {row[column]!r}")
    return int(value)


def number(cell: str, what: str) -> float:
    """Return a cell as a finite number. Raises SchemeError."""
    value = float(cell) if _NUMBER.fullmatch(cell) else math.nan
    if not math.isfinite(value):
        raise SchemeError(f"{what} must be a number, found {cell!r}")
    return value


def flag(cell: str, what: str) -> bool:
    """Return a cell true or false. Raises SchemeError."""
    return one_of(cell, ("true", "false"), f"{what}: illustrative") == "true"


def one_of(cell: str, allowed: Sequence[str], what: str) -> str:
    """Return a cell that is one of a list. Raises SchemeError."""
    if cell not in allowed:
        raise SchemeError(f"{what} must be one of {', '.join(allowed)}, found {cell!r}")
    return cell
