"""What a reader hands on: parts of a file as DuckDB relations with positional columns, and why a file is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from ingestion.contract import Contract, fold_header
from ingestion.mapping import Entry, Feed
from ingestion.reading import Worker
from ingestion.refusal import Rejected as Rejected
from ingestion.scan import Target, kind

# What DuckDB raises over a file. Its messages quote the file and may cut a letter in half, which Python cannot decode.
DUCKDB_REFUSALS = (duckdb.Error, UnicodeDecodeError)


@dataclass(frozen=True)
class SourceField:
    """A column of a part: the header as given, its name in the relation, and its DuckDB type."""

    header: str
    name: str
    sql_type: str


@dataclass(frozen=True)
class Place:
    """Where a part stands in its sheet: the column of each field, and its rows as runs without a gap.

    Columns and rows count from 1 as a spreadsheet shows them; a run is (row_no, row of the sheet, rows).
    """

    columns: tuple[int, ...]
    runs: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Part:
    """A table of a file: the relation has row_no, the fields, `extra` (surplus cells as JSON) and `wkb`, if any."""

    relation: str
    fields: tuple[SourceField, ...]
    spreadsheet: bool = False
    has_geometry: bool = False
    crs: str | None = None
    label: str = ""
    place: Place | None = None
    underscores: bool = True  # a number may hold one, which a plain cast would take for a separator


@dataclass(frozen=True)
class Request:
    """What to read: the stored file, the name it came under, the contract it feeds and the mapping's options."""

    path: Path
    name: str
    contract: Contract
    target: Target
    work: Path
    notes: list[str] = field(default_factory=list)
    careful: bool = False  # read row by row what a quicker reader could not take
    worker: Worker | None = None  # reads foreign formats; one for all the files of a run

    @cached_property
    def kind(self) -> str:
        """How the file is read."""
        return kind(self.name)

    @property
    def entry(self) -> Entry | None:
        """The mapping entry, if any."""
        return self.target.entry

    @property
    def feed(self) -> Feed:
        """The mapping's part for the dataset."""
        return self.target.feed

    def ask(self, kind: str, **options: Any) -> dict[str, Any]:
        """Let the reading process read the file; see `ingestion.reading.Worker.read`. Raises Rejected."""
        if self.worker is None:
            raise ValueError("the request has no reading process")
        return self.worker.read(kind, self.path, **options)

    def resolve(self, header: str) -> tuple[str | None, str | None]:
        """Return the contract's column and the given unit of a header; a Shapefile's ten bytes may be its beginning."""
        name, unit = self.contract.resolve_header(header)
        if name is None and self.kind == "shp":
            return _cut_short(header, self.contract), None
        return name, unit

    def recognises(self, header: str) -> bool:
        """Tell whether a header is one of the contract's or one that the mapping names."""
        if self.resolve(header)[0] is not None:
            return True
        return bool(self._mapped) and fold_header(header) in self._mapped

    @cached_property
    def _mapped(self) -> frozenset[str]:
        """Headers that the mapping names, folded."""
        specs = self.feed.columns.values()
        return frozenset(fold_header(name) for spec in specs for name in (spec.column, *spec.columns) if name)


def _cut_short(header: str, contract: Contract) -> str | None:
    """The one column of which a field name, cut at ten bytes as Shapefiles do, is the beginning."""
    start = header.rstrip("\ufffd")
    sizes = {len(start.encode("utf-8")), len(start.encode("gb18030", "replace"))}
    if not sizes & {8, 9, 10}:
        return None
    names = ((name, c.name) for c in contract.columns for name in (c.name, c.header_zh, *c.aliases))
    found = {column for name, column in names if name.casefold().startswith(start.casefold())}
    return found.pop() if len(found) == 1 else None


def relation_name(index: int) -> str:
    """Return the name of a file's n-th relation."""
    return f"source_{index}"


def fields_of(headers: list[str], types: list[str] | None = None) -> tuple[SourceField, ...]:
    """Return the fields of a header row: c1, c2, … in its order."""
    kinds = types or ["VARCHAR"] * len(headers)
    return tuple(SourceField(h, f"c{i}", t) for i, (h, t) in enumerate(zip(headers, kinds, strict=True), start=1))
