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

from ingestion.source import Part, Rejected, Request, SourceField, fields_of, literal, relation_name
from landgauge import log

_LOG = log.get("ingestion")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = (",", "\t", ";", "|")
_CHUNK = 1 << 22
_BATCH = 20_000
_LARGEST_CELL = 1 << 24
_HEADER_ROWS = 10


@dataclass(frozen=True)
class Layout:
    """How a csv is laid out: fields, delimiter, filled rows above the header, and whether line 1 is filled."""

    fields: tuple[SourceField, ...]
    delimiter: str
    above: int
    starts_filled: bool

    @property
    def plain(self) -> bool:
        """The header is line 1, as DuckDB's reader wants it."""
        return self.above == 0 and self.starts_filled


def read(con: duckdb.DuckDBPyConnection, request: Request) -> list[Part]:
    """Read a csv into one relation of text columns; rows without any value are no rows.

    The header is the first row, or that of the first ten by which most columns are known. Raises Rejected for an
    empty file, an unknown encoding, or a quotation mark that is never closed.
    """
    path, tricky = _as_utf8(request)
    layout = _layout(path, request)
    relation = relation_name(1)
    if tricky or not layout.plain:
        _by_python(con, path, layout, relation)
        return [Part(relation, layout.fields)]
    try:
        _by_duckdb(con, path, layout, relation)
    except duckdb.InvalidInputException as error:
        _LOG.debug("%s: read row by row: %s", request.name, str(error).split("\n")[0])
        _by_python(con, path, layout, relation)
    return [Part(relation, layout.fields)]


def _as_utf8(request: Request) -> tuple[Path, bool]:
    """Return the file or a UTF-8 copy of it, and whether its quotation marks or NULs want the careful reader."""
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


def _transcode(source: Path, encoding: str, target: Path | None) -> bool:
    """Decode the file strictly, writing UTF-8 where a target is given; True: odd quotation marks, or a NUL."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    quotes, nul, size = 0, False, 0
    with source.open("rb") as handle, (target or Path("/dev/null")).open("wb") as out:
        while True:
            chunk = handle.read(_CHUNK)
            text = decoder.decode(chunk, final=not chunk)
            data = text.encode() if target else chunk
            out.write(data)
            quotes, nul, size = quotes + data.count(b'"'), nul or b"\0" in data, size + len(data)
            if not chunk:
                return bool(quotes % 2) or nul


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
    return Layout(fields_of([cell.strip() for cell in rows[index]]), delimiter, index, filled[0] is lines[0])


def _header_index(rows: list[list[str]], request: Request) -> int:
    known = [sum(map(request.recognises, row)) for row in rows]
    return known.index(max(known))


def _delimiter(lines: list[str], request: Request) -> str:
    """Return the delimiter by which most headers are known, then by which the first line has most cells."""

    def merit(delimiter: str) -> tuple[int, int]:
        rows = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
        return max(sum(map(request.recognises, row)) for row in rows), len(rows[0])

    return max(_DELIMITERS, key=merit)


def _filled(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if any(cell.strip() for cell in row))


def _columns(fields: tuple[SourceField, ...]) -> str:
    return "{" + ", ".join(f"'{f.name}': 'VARCHAR'" for f in fields) + "}"


def _any_value(fields: tuple[SourceField, ...]) -> str:
    return "coalesce(" + ", ".join(f"nullif(trim({f.name}), '')" for f in fields) + ") is not null"


def _by_duckdb(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout, relation: str) -> None:
    con.execute(
        f"create or replace temp table {relation} as "
        "select row_number() over () as row_no, *, cast(null as varchar) as extra "
        f"from read_csv({literal(str(path))}, columns = {_columns(layout.fields)}, auto_detect = false, header = true, "
        f"delim = {literal(layout.delimiter)}, quote = '\"', escape = '\"', null_padding = true, parallel = false) "
        f"where {_any_value(layout.fields)}"
    )


def _by_python(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout, relation: str) -> None:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = itertools.islice(_filled(_reader(handle, layout.delimiter)), layout.above + 1, None)
        load_rows(con, relation, layout.fields, rows)


def _reader(handle: io.TextIOBase, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LARGEST_CELL)
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
