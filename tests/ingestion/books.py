"""Workbooks and archives for the tests of reading, and what the reading process makes of a file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq

from ingestion.reading import Worker

HEAD = 14


def xlsx(rows: list[list[object]], change: Callable[[openpyxl.Workbook], None] | None = None) -> bytes:
    """A workbook of one sheet; `change` may do more to it."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """An archive of these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def rewritten(archive: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """An archive with each entry changed."""
    with zipfile.ZipFile(io.BytesIO(archive)) as given:
        return zipped({name: change(name, given.read(name)) for name in given.namelist()})


def in_sheet(archive: bytes, old: bytes, new: bytes) -> bytes:
    """A workbook with the XML of its first sheet changed."""
    return rewritten(archive, lambda name, data: data.replace(old, new) if name.endswith("sheet1.xml") else data)


def sheets(worker: Worker, path: Path, content: bytes, sheet: str | None = None) -> dict[str, Any]:
    """The rows of each sheet of a workbook by its name, and the notes under ''."""
    path.write_bytes(content)
    book = worker.read("sheet", path, sheet=sheet, head=HEAD)
    found = {
        s["name"]: [list(row.values())[1:] for row in pq.read_table(s["path"]).to_pylist()] for s in book["sheets"]
    }
    return {**found, "": book["notes"]}
