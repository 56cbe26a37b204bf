"""How many rows a damaged file still has, by readers other than the project's; None where they cannot tell."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import sqlite3
import tempfile
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from .tables import Table

_ENCODINGS = ("utf-8", "gb18030")
_FAR = re.compile(rb'r="[A-Z]+\d{5,}"|r="\d{5,}"|[A-Z]{3}\d+')
_STEPS = 200_000  # of SQLite's machine: a view without an end is given up
_LARGEST_CELL = 1 << 24


def rows(extension: str, content: bytes, table: Table, delimiter: str = ",") -> int | None:
    """Return the number of data rows, counted only where the header row still stands as it was."""
    match extension:
        case ".csv":
            return _csv(content, table, delimiter)
        case ".xlsx":
            return _xlsx(content, table)
        case ".parquet":
            return _parquet(content)
        case ".gpkg":
            return _gpkg(content)
        case ".geojson":
            return _geojson(content)
    return None


def _csv(content: bytes, table: Table, delimiter: str) -> int | None:
    text = _decoded(content)
    if text is None:
        return None
    csv.field_size_limit(_LARGEST_CELL)
    try:
        found = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if _any(row)
        ]
    except csv.Error:
        return None
    if not found or tuple(cell.strip() for cell in found[0]) != table.header:
        return None
    return len(found) - 1


def _any(row: list[str]) -> bool:
    return any(cell.strip() for cell in row)


def _decoded(content: bytes) -> str | None:
    """The text as the contract reads it: by its mark, else UTF-8, else GB18030."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    marked = [encoding for mark, encoding in marks if content.startswith(mark)]
    for encoding in marked or _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _xlsx(content: bytes, table: Table) -> int | None:
    """Rows below the header on the sheets where it stands, by openpyxl; far cells would take it hours."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheets = [archive.read(n) for n in archive.namelist() if "worksheets/" in n]
        if any(_FAR.search(sheet) for sheet in sheets):
            return None
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    except Exception:
        return None
    counts = [_below(list(sheet.iter_rows(values_only=True)), table) for sheet in book.worksheets]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _below(found: list[tuple[object, ...]], table: Table) -> int | None:
    for at, row in enumerate(found):
        if tuple(str(cell) for cell in row[: len(table.header)]) == table.header:
            return sum(any(cell not in (None, "") for cell in other) for other in found[at + 1 :])
    return None


def _parquet(content: bytes) -> int | None:
    try:
        return pq.read_table(io.BytesIO(content)).num_rows
    except (pa.ArrowException, OSError, ValueError):
        return None


def _gpkg(content: bytes) -> int | None:
    """Counted twice, by the table and by what the file says of itself: an index may hide a damaged page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.gpkg"
        path.write_bytes(content)
        con = sqlite3.connect(path)
        con.set_progress_handler(lambda: 1, _STEPS)
        try:
            found = len(con.execute("select * from layer").fetchall())
            said = con.execute("select feature_count from gpkg_ogr_contents").fetchall()
            sound = con.execute("pragma integrity_check").fetchall() == [("ok",)]
        except (sqlite3.Error, OverflowError, UnicodeDecodeError):
            return None
        finally:
            con.close()
    return found if sound and said == [(found,)] else None


def _geojson(content: bytes) -> int | None:
    try:
        document = json.loads(content.decode("utf-8"))
        features = document["features"]
        sound = document["type"] == "FeatureCollection" and all(f["type"] == "Feature" for f in features)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return len(features) if sound else None
