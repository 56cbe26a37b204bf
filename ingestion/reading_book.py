"""Workbooks in the reading process: visible sheets cell by cell as text, with what the header needs to be found."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from ingestion import reading_cells, reading_output, reading_zip
from ingestion.reading_cells import PASSWORD, Oddities
from ingestion.refusal import Rejected

_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_SPREADSHEET_LIMIT = 1e15  # from here on a spreadsheet has lost digits
_LONGEST_HEADER = 2000  # characters of a cell that are looked at for a header
_USUAL_WIDTH = 256  # columns; wider sheets are looked through for empty ones first
Row = list[str | None]


def read(path: Path, folder: Path, wanted: str | None, head: int, limits: dict[str, Any]) -> dict[str, Any]:
    """Write each sheet that is to be read as a Parquet file of text; returns their heads and what there is to note.

    `wanted` is the one sheet to read, or None: all that are visible. `head` is how many rows come back for the
    header to be found in. Raises Rejected where the workbook is broken, locked or reaches too far.
    """
    notes: list[str] = []
    try:
        book, oddities = _open(path, folder, wanted, notes, limits)
        names = _chosen(book.sheets_metadata, wanted, [] if wanted else notes)
        sheets = [_Sheet(name, book.get_sheet_by_name(name), oddities.get(name, {})) for name in names]
        written = [_write(sheet, folder / f"sheet_{i}.parquet", head, limits) for i, sheet in enumerate(sheets)]
    except PasswordError as error:
        raise Rejected("unreadable", PASSWORD) from error
    except CalamineError as error:
        raise Rejected("unreadable", f"工作簿无法打开 (not a readable workbook): {str(error)[:200]}") from error
    return {"sheets": [sheet for sheet in written if sheet is not None], "notes": notes}


def _open(
    path: Path, folder: Path, wanted: str | None, notes: list[str], limits: dict[str, Any]
) -> tuple[CalamineWorkbook, dict[str, Oddities]]:
    """Open by content, whatever the name says, and look for what the library would not tell."""
    with path.open("rb") as handle:
        start = handle.read(8)
    if start == _OLE:
        found = reading_cells.of_xls(path)
        book = CalamineWorkbook.from_path(str(_link(path, folder / "book.xls")))
        return book, dict(zip((m.name for m in book.sheets_metadata), found, strict=False))
    if not start.startswith(_ZIP):
        raise Rejected("unreadable", f"不是工作簿, 内容是{_content(start)} (not a workbook: save it as xlsx)")
    with reading_zip.opened(path, limits) as archive:
        _refuse_other_books(archive.namelist(), notes)
        book = CalamineWorkbook.from_path(str(_link(path, folder / "book.xlsx")))
        names = _chosen(book.sheets_metadata, wanted, [])
        return book, reading_cells.of_xlsx(archive, names, limits)


def _link(path: Path, link: Path) -> Path:
    """The library goes by the extension."""
    link.symlink_to(path.resolve())
    return link


def _content(start: bytes) -> str:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<html", b"<!doct", b"<table", b"<meta", b"<?xml")):
        return "网页或 XML"
    if start.startswith(b"PAR1"):
        return " Parquet"
    return "文本 (csv?)" if start and not any(byte < 9 for byte in start) else "其他格式"


def _refuse_other_books(entries: list[str], notes: list[str]) -> None:
    names = {name.casefold() for name in entries}
    if "xl/workbook.bin" in names:
        raise Rejected("unreadable", "是 xlsb 二进制工作簿, 请另存为 xlsx (a binary workbook: save it as xlsx)")
    if "content.xml" in names and "xl/workbook.xml" not in names:
        raise Rejected("unreadable", "是 ods 文件, 请另存为 xlsx (an OpenDocument file: save it as xlsx)")
    if "xl/vbaproject.bin" in names:
        notes.append("工作簿带有宏, 只读取了单元格的值 (macros were not run)")


def _chosen(sheets: Iterable[SheetMetadata], wanted: str | None, notes: list[str]) -> list[str]:
    names = []
    for sheet in sheets:
        if wanted is not None and sheet.name != wanted:
            continue
        if sheet.typ not in (SheetTypeEnum.WorkSheet, SheetTypeEnum.DialogSheet):
            continue
        if wanted is None and sheet.visible != SheetVisibleEnum.Visible:
            notes.append(f"隐藏的工作表“{sheet.name}”未读取 (a hidden sheet was not read)")
            continue
        names.append(sheet.name)
    if wanted is not None and not names:
        raise Rejected("unreadable", f"工作表“{wanted}”不存在 (no sheet of that name)")
    return names


class _Sheet:
    """A sheet with the oddities put in place; rows count from the sheet's first row, columns from its first cell."""

    def __init__(self, name: str, sheet: CalamineSheet, oddities: Oddities) -> None:
        self.name, self._sheet, self._oddities = name, sheet, oddities
        first = (sheet.start or (0, 0))[1]
        odd = [column for cells in oddities.values() for column in cells]
        self.offset = min([first, *odd])
        self._shift = first - self.offset if sheet.start else 0
        self.width = max([self._shift + sheet.width, *(column + 1 - self.offset for column in odd)])
        self.height = sheet.total_height + 1

    @property
    def merges(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """Merged ranges, both corners as row and column of the sheet from 0."""
        return self._sheet.merged_cell_ranges or []

    def rows(self) -> Iterator[Row]:
        """Every row, the empty ones too, as text."""
        left = dict(self._oddities)
        shift = [None] * self._shift
        number = -1
        for number, cells in enumerate(self._sheet.iter_rows() if self._sheet.start else ()):
            row = [*shift, *map(cell_text, cells)] if shift else [cell_text(cell) for cell in cells]
            yield self._patched(row, left.pop(number)) if number in left else row
        for below in sorted(left):
            yield from ([] for _ in range(number + 1, below))
            number = below
            yield self._patched([], left[below])

    def _patched(self, row: Row, texts: dict[int, str]) -> Row:
        row = [*row, *[None] * (self.width - len(row))]
        for column, text in texts.items():
            row[column - self.offset] = row[column - self.offset] or text
        return row


def _write(sheet: _Sheet, path: Path, head: int, limits: dict[str, Any]) -> dict[str, Any] | None:
    kept = _kept(sheet, limits["columns"])
    if not kept:
        return None
    wide = sheet.width > _USUAL_WIDTH
    rows = ([row[i] if i < len(row) else None for i in kept] for row in sheet.rows()) if wide else sheet.rows()
    heads: list[Row] = []
    first = [-1]
    runs: list[list[int]] = []
    count = reading_output.write_rows(path, _filled(rows, heads, first, head, runs), len(kept))
    if not count:
        path.unlink()
        return None
    top = max(first[0], 0)
    return {
        "name": sheet.name,
        "path": str(path),
        "rows": count,
        "width": len(kept),
        "head": [[cell and cell[:_LONGEST_HEADER] for cell in row] for row in heads],
        "merges": _merges(sheet, kept, top, top + head),
        "columns": [sheet.offset + i for i in kept],
        "runs": runs,
    }


def _kept(sheet: _Sheet, limit: int) -> list[int]:
    """The columns to write: all, or in a wide sheet those that hold something."""
    if sheet.width <= _USUAL_WIDTH:
        return list(range(sheet.width))
    used: set[int] = set()
    for row in sheet.rows():
        used.update(i for i, cell in enumerate(row) if cell)
    if len(used) > limit:
        detail = f"工作表“{sheet.name}”有 {len(used)} 列, 上限 {limit} (more than {limit} columns)"
        raise Rejected("unreadable", detail)
    return sorted(used)


def _filled(rows: Iterable[Row], heads: list[Row], first: list[int], head: int, runs: list[list[int]]) -> Iterator[Row]:
    """Rows with a value; the first ones, empty or not, go to `heads` as well, and where they begin to `first`.

    `runs` takes where the rows with a value stand, run by run: number among them, row of the sheet, rows; from 0.
    """
    for number, row in enumerate(rows):
        filled = any(row)
        if filled and first[0] < 0:
            first[0] = number
        if first[0] >= 0 and len(heads) < head:
            heads.append(row)
        if filled:
            if runs and runs[-1][1] + runs[-1][2] == number:
                runs[-1][2] += 1
            else:
                runs.append([runs[-1][0] + runs[-1][2] if runs else 0, number, 1])
            yield row


def _merges(sheet: _Sheet, kept: list[int], top: int, bottom: int) -> list[list[int]]:
    """Merged ranges of the head over several columns: row, first and last column, as in the head."""
    place = {column + sheet.offset: i for i, column in enumerate(kept)}
    found = []
    for (row, first), (_, last) in sheet.merges:
        columns = [place[c] for c in range(first, min(last, first + len(kept) * 2) + 1) if c in place]
        if top <= row < bottom and len(columns) > 1:
            found.append([row - top, columns[0], columns[-1]])
    return found


def cell_text(cell: Any) -> str | None:
    """Return a cell as text: whole numbers without a point, from 1e15 on in E notation, dates in ISO form."""
    if type(cell) is str:
        return cell.strip() or None
    if type(cell) is float:
        if -_SPREADSHEET_LIMIT < cell < _SPREADSHEET_LIMIT:
            return str(int(cell)) if cell.is_integer() else repr(cell)
        return format(cell, ".15G")
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, int):
        return cell_text(float(cell)) if abs(cell) >= _SPREADSHEET_LIMIT else str(cell)
    if isinstance(cell, datetime.datetime):
        midnight = cell.time() == datetime.time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    with contextlib.suppress(AttributeError):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(cell).strip() or None
