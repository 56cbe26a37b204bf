"""Reading csv: DuckDB's reader where it takes the file, Python's csv module row by row where it does not."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion.reading import limits_from_environment
from ingestion.source import DUCKDB_REFUSALS, Part, Rejected, Request, SourceField, fields_of, relation_name
from landgauge import log
from landgauge.sql import literal

_LOG = log.get("ingestion")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = (",", "\t", ";", "|")
_CHUNK = 1 << 22
_BATCH = 20_000
_LARGEST_CELL = 1 << 24
_HEADER_ROWS = 10


@dataclass
class Marks:
    """What stands in the bytes of a csv and decides which reader takes it: counts, and whether there is a NUL."""

    quotes: int = 0
    underscores: int = 0
    nul: bool = False

    def add(self, data: bytes) -> None:
        """Count another piece of the file."""
        self.quotes += data.count(b'"')
        self.underscores += data.count(b"_")
        self.nul = self.nul or b"\0" in data

    @property
    def tricky(self) -> bool:
        """Odd quotation marks, or a NUL, want the careful reader."""
        return bool(self.quotes % 2) or self.nul


@dataclass(frozen=True)
class Layout:
    """How a csv is laid out: fields, delimiter, filled rows above the header, whether line 1 is filled.

    `underscores` counts those of the first rows up to the header.
    """

    fields: tuple[SourceField, ...]
    delimiter: str
    above: int
    starts_filled: bool
    underscores: int

    @property
    def plain(self) -> bool:
        """The header is line 1, as DuckDB's reader wants it."""
        return self.above == 0 and self.starts_filled


def read(con: duckdb.DuckDBPyConnection, request: Request) -> list[Part]:
    """Read a csv into one relation of text columns; rows without any value are no rows.

    The header is the first row, or that of the first ten by which most columns are known. Raises Rejected for an
    empty file, an unknown encoding, or a quotation mark that is never closed.
    """
    csv.field_size_limit(_LARGEST_CELL)
    path, marks = _as_utf8(request)
    layout = _layout(path, request)
    relation = relation_name(1)
    part = Part(relation, layout.fields, underscores=marks.underscores > layout.underscores)
    if marks.tricky or not layout.plain:
        _by_python(con, path, layout, relation)
        return [part]
    try:
        _by_duckdb(con, path, layout, relation, parallel=not (request.careful or marks.quotes))
    except DUCKDB_REFUSALS as error:
        _LOG.debug("%s: read row by row: %s", request.name, str(error).split("\n")[0])
        _by_python(con, path, layout, relation)
    return [part]


def _as_utf8(request: Request) -> tuple[Path, Marks]:
    """Return the file or a UTF-8 copy of it, and what stands in it."""
    with request.path.open("rb") as handle:
        start = handle.read(4)
    marked = next((encoding for bom, encoding in _BOMS if start.startswith(bom)), None)
    named = request.entry.encoding if request.entry else None
    candidates = [named] if named else [marked] if marked else ["utf-8", "gb18030"]
    for encoding in candidates:
        target = None if encoding in ("utf-8", "utf-8-sig") else request.work / "utf8.csv"
        try:
            return target or request.path, _transcode(request.path, encoding, target)
        except (UnicodeDecodeError, LookupError) as error:
            _LOG.debug("%s is not %s: %s", request.name, encoding, error)
    raise Rejected("encoding", f"not {' or '.join(candidates)}")


def _transcode(source: Path, encoding: str, target: Path | None) -> Marks:
    """Decode the file strictly, writing UTF-8 where a target is given."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    marks = Marks()
    with source.open("rb") as handle, (target or Path("/dev/null")).open("wb") as out:
        while True:
            chunk = handle.read(_CHUNK)
            text = decoder.decode(chunk, final=not chunk)
            data = text.encode() if target else chunk
            out.write(data)
            marks.add(data)
            if not chunk:
                return marks


def _layout(path: Path, request: Request) -> Layout:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        lines = [line for _ in range(_HEADER_ROWS) if (line := handle.readline(_LARGEST_CELL))]
        filled = [line for line in lines if line.strip()]
        if not filled:
            raise Rejected("empty", "文件没有内容 (the file has no row)")
        delimiter = (request.entry.delimiter if request.entry else None) or _delimiter(filled, request)
        handle.seek(0)
        rows = list(itertools.islice(_filled(_reader(handle, delimiter)), _HEADER_ROWS))
    if not rows:
        raise Rejected("empty", "文件没有内容 (the file has no row)")
    named = request.entry.header_row if request.entry else None
    index = min(named, len(rows)) - 1 if named else _header_index(rows, request)
    most = limits_from_environment().columns
    if len(rows[index]) > most:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            below = sum(1 for _ in _filled(_reader(handle, delimiter))) - index - 1
        raise Rejected("unreadable", f"多于 {most} 列 (more than {most} columns)", rows=below)
    fields = fields_of([cell.strip() for cell in rows[index]])
    underscores = sum(cell.count("_") for row in rows[: index + 1] for cell in row)
    in_one_line = not any(mark in cell for cell in rows[index] for mark in "\r\n")  # its break is not the rows'
    return Layout(fields, delimiter, index, filled[0] is lines[0] and in_one_line, underscores)


def _header_index(rows: list[list[str]], request: Request) -> int:
    known = [_recognised(row, request) for row in rows]
    return known.index(max(known))


def _recognised(row: list[str], request: Request) -> int:
    """How many cells are headers; a row of more columns than a file may have is no header."""
    return sum(map(request.recognises, row)) if len(row) <= limits_from_environment().columns else 0


def _delimiter(lines: list[str], request: Request) -> str:
    """Return the delimiter by which most headers are known, then by which the first line has most cells."""

    def merit(delimiter: str) -> tuple[int, int]:
        rows = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
        return max(_recognised(row, request) for row in rows), len(rows[0])

    return max(_DELIMITERS, key=merit)


def _filled(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if any(cell.strip() for cell in row))


def _columns(fields: tuple[SourceField, ...]) -> str:
    return "{" + ", ".join(f"'{f.name}': 'VARCHAR'" for f in fields) + "}"


def _any_value(fields: tuple[SourceField, ...]) -> str:
    """SQL that is true for a row with a value; nearly always the first cell shows it."""
    filled = "coalesce(" + ", ".join(f"nullif(trim({f.name}), '')" for f in fields) + ") is not null"
    return f"({fields[0].name} >= '!' or {filled})"


def _source(path: Path, layout: Layout, parallel: bool) -> str:
    """SQL reading the rows that have a value; with several threads only where no cell can hold a line break."""
    return (
        f"read_csv({literal(str(path))}, columns = {_columns(layout.fields)}, auto_detect = false, header = true, "
        f"delim = {literal(layout.delimiter)}, quote = '\"', escape = '\"', null_padding = true, "
        f"parallel = {str(parallel).lower()}) where {_any_value(layout.fields)}"
    )


def _by_duckdb(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout, relation: str, parallel: bool) -> None:
    """Store the rows and number them by their place, which is that in the file: to count them while they are read
    would keep all threads but one idle.
    """
    stored = f"{relation}_stored"
    con.execute(f"create or replace temp table {stored} as select * from {_source(path, layout, parallel)}")
    con.execute(
        f"create or replace temp view {relation} as select rowid + 1 as row_no, *, cast(null as varchar) as extra "
        f"from {stored}"
    )


def _by_python(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout, relation: str) -> None:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = itertools.islice(_filled(_reader(handle, layout.delimiter)), layout.above + 1, None)
        load_rows(con, relation, layout.fields, rows)


def _reader(handle: io.TextIOBase, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(handle, delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise Rejected("unreadable", f"csv line {reader.line_num}: {error} (check the quotation marks)") from error


def load_rows(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    fields: tuple[SourceField, ...],
    rows: Iterable[list[str | None]],
    first: int = 1,
) -> int:
    """Make a relation of rows of text cells and return their number; `first` is the first row's row_no.

    Short rows are filled with NULL, surplus cells that hold something go to `extra`.
    """
    names = ["row_no", *(f.name for f in fields), "extra"]
    schema = pa.schema([("row_no", pa.int64()), *((n, pa.string()) for n in names[1:])])
    columns = ", ".join(f"{n} {'bigint' if n == 'row_no' else 'varchar'}" for n in names)
    con.execute(f"create or replace temp table {relation} ({columns})")
    count, batch = 0, []
    for row in rows:
        batch.append([first + count, *_fitted(row, len(fields))])
        count += 1
        if len(batch) == _BATCH:
            _append(con, relation, schema, batch)
            batch = []
    _append(con, relation, schema, batch)
    return count


def _fitted(row: list[str | None], width: int) -> list[str | None]:
    surplus = row[width:]
    extra = json.dumps(surplus, ensure_ascii=False) if any(surplus) else None
    return [cell or None for cell in row[:width]] + [None] * (width - len(row)) + [extra]


def _append(con: duckdb.DuckDBPyConnection, relation: str, schema: pa.Schema, batch: list[list[object]]) -> None:
    if batch:
        table = pa.table([pa.array(c, t.type) for c, t in zip(zip(*batch, strict=True), schema, strict=True)], schema)
        con.register("batch", table)
        con.execute(f"insert into {relation} select * from batch")
        con.unregister("batch")
