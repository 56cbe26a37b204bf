"""Reading workbooks (xlsx, xls): every visible sheet, its header found below title rows, cells as text."""

from __future__ import annotations

import datetime
import math
import re
import zipfile
from typing import Any

import duckdb
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from ingestion.delimited import load_rows
from ingestion.source import Part, Rejected, Request, fields_of, relation_name

LARGEST_UNPACKED = 1 << 30  # bytes; the largest sheet that Excel can hold is below it in practice
LARGEST_RATIO = 500  # unpacked to packed; sheets of repeated figures reach about 50
_HEADER_ROWS = 10
_SPREADSHEET_LIMIT = 1e15  # from here on a spreadsheet has lost digits
_UNIT_ONLY = re.compile(r"^[(\[【〔（［][^()（）]*[)\]】〕）］]$")
Row = list[str | None]


def read(con: duckdb.DuckDBPyConnection, request: Request) -> list[Part]:
    """Read the visible sheets of a workbook, one part each; row numbers run on over the sheets.

    Raises Rejected where it is broken, locked or suspiciously large, or where no sheet has a known header.
    """
    _refuse_bombs(request)
    parts: list[Part] = []
    first, seen = 1, False
    for name, rows in _sheets(request):
        seen = True
        found = find_header(rows, request)
        if found is None:
            request.notes.append(f"工作表“{name}”没有可识别的表头，未读取")
            continue
        header, start = found
        fields = fields_of([cell or "" for cell in header])
        relation = relation_name(len(parts) + 1)
        body = [row for row in rows[start:] if any(row)]
        first += load_rows(con, relation, fields, body, first)
        parts.append(Part(relation, fields, spreadsheet=True, label=name))
    if not parts:
        raise Rejected("missing_column" if seen else "empty", "；".join(request.notes) or "the workbook has no row")
    return parts


def find_header(rows: list[Row], request: Request) -> tuple[Row, int] | None:
    """Return the header and the index of the first data row: the row, or two rows joined, with most known headers."""
    named = request.entry.header_row if request.entry else None
    candidates = [named - 1] if named else range(min(_HEADER_ROWS, len(rows)))
    best: tuple[int, Row, int] | None = None
    for index in candidates:
        if index >= len(rows):
            continue
        for header, start in _headers_at(rows, index, request):
            known = sum(1 for cell in header if cell and request.recognises(cell))
            if known and (best is None or known > best[0]):
                best = known, header, start
    if best is None:
        return None
    header, start = best[1:]
    units = rows[start] if start < len(rows) else []
    if any(units) and all(_UNIT_ONLY.match(cell) for cell in units if cell):
        return [_join(u, v, request) for u, v in _pairs(header, units, reach=False)], start + 1
    return header, start


def _headers_at(rows: list[Row], index: int, request: Request) -> list[tuple[Row, int]]:
    upper = rows[index]
    lower = rows[index + 1] if index + 1 < len(rows) else []
    cells = [cell for cell in lower if cell]
    if 2 * sum(map(request.recognises, cells)) < max(len(cells), 1):
        return [(upper, index + 1)]
    return [(upper, index + 1), ([_join(u, v, request) for u, v in _pairs(upper, lower)], index + 2)]


def _pairs(upper: Row, lower: Row, reach: bool = True) -> list[tuple[str | None, str | None]]:
    """Cells of two rows side by side; a merged cell above reaches over the empty ones to its right."""
    width, over, pairs = max(len(upper), len(lower)), None, []
    for i in range(width):
        over = upper[i] if i < len(upper) and upper[i] else over
        below = lower[i] if i < len(lower) else None
        pairs.append((over if below and reach else (upper[i] if i < len(upper) else None), below))
    return pairs


def _join(upper: str | None, lower: str | None, request: Request) -> str | None:
    if not upper or not lower:
        return upper or lower
    if _UNIT_ONLY.match(lower):
        return upper + lower
    if request.recognises(lower):
        return lower
    return upper if request.recognises(upper) else upper + lower


def _sheets(request: Request) -> list[tuple[str, list[Row]]]:
    """Visible sheets that hold something, with their cells as text."""
    wanted = request.entry.sheet if request.entry else None
    try:
        book = CalamineWorkbook.from_path(str(request.path))
        names = [s.name for s in book.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
        if wanted is not None:
            names = [name for name in book.sheet_names if name == wanted]
        sheets = [(name, _cells(book.get_sheet_by_name(name))) for name in names]
    except PasswordError as error:
        raise Rejected("unreadable", "工作簿有密码保护 (the workbook is protected by a password)") from error
    except (CalamineError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise Rejected("unreadable", f"工作簿无法打开 (not a readable workbook): {error}") from error
    if wanted is not None and not sheets:
        raise Rejected("unreadable", f"工作表“{wanted}”不存在 (no sheet of that name)")
    return [(name, rows) for name, rows in sheets if any(any(row) for row in rows)]


def _cells(sheet: Any) -> list[Row]:
    return [[cell_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=True)]


def cell_text(cell: Any) -> str | None:
    """Return a cell as text: whole numbers without a point, from 1e15 on in E notation, dates in ISO form."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, int | float) and math.isfinite(cell):
        if abs(cell) >= _SPREADSHEET_LIMIT:
            return format(float(cell), ".15G")
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, datetime.datetime):
        midnight = cell.time() == datetime.time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    text = cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)
    return text.strip() or None


def _refuse_bombs(request: Request) -> None:
    if not zipfile.is_zipfile(request.path):
        return
    with zipfile.ZipFile(request.path) as archive:
        members = archive.infolist()
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members) or 1
    if unpacked > LARGEST_UNPACKED or (unpacked / packed > LARGEST_RATIO and unpacked > LARGEST_UNPACKED // 10):
        detail = f"解压后 {unpacked / 1e6:.0f} MB, 超出限制 (unpacks to more than {LARGEST_UNPACKED / 1e6:.0f} MB)"
        raise Rejected("unreadable", detail)
