"""Workbooks (xlsx, xls): every visible sheet is a part, its header found below title rows, in up to three rows."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from ingestion.source import Part, Place, Rejected, Request, fields_of, relation_name
from landgauge.sql import literal

_HEADER_ROWS = 10  # a header begins within so many rows
_DEEPEST_HEADER = 3
# The sheets that reporting.returns adds; the name stands in the first cell too.
_OWN = ("填报问题汇总", "填表说明", "代码表")
_UNIT_ONLY = re.compile(r"^[(\[【〔（［][^()（）]*[)\]】〕）］]$")
Row = list[str | None]
Merge = tuple[int, int, int]  # row, first and last column


def read(con: duckdb.DuckDBPyConnection, request: Request) -> list[Part]:
    """Read the visible sheets of a workbook, one part each; row numbers run on over the sheets.

    Raises Rejected where it is broken, locked or suspiciously large, or where no sheet has a known header.
    """
    named = request.entry.header_row if request.entry else None
    wanted = request.entry.sheet if request.entry else None
    head = max(_HEADER_ROWS, named or 0) + _DEEPEST_HEADER + 1
    book = request.ask("sheet", sheet=wanted, head=head)
    parts: list[Part] = []
    first = 1
    for sheet in book["sheets"]:
        if sheet["name"] in _OWN and sheet["head"][0][:1] == [sheet["name"]]:
            continue
        merges = [(row, left, right) for row, left, right in sheet["merges"]]
        found = find_header(sheet["head"], request, merges)
        if found is None:
            request.notes.append(f"工作表“{sheet['name']}”没有可识别的表头，未读取 (no known header, not read)")
            continue
        above = sum(1 for row in sheet["head"][: found[1]] if any(row))
        parts.append(_part(con, sheet, found[0], above, first, relation_name(len(parts) + 1)))
        first += sheet["rows"] - above
    request.notes.extend(book["notes"])
    if not parts:
        seen = bool(book["sheets"])
        detail = "；".join(request.notes) or "工作簿没有内容 (the workbook has no row)"
        raise Rejected("missing_column" if seen else "empty", detail)
    return parts


def _part(
    con: duckdb.DuckDBPyConnection, sheet: dict[str, Any], header: Row, above: int, first: int, relation: str
) -> Part:
    """A view of what the reading process wrote, without the rows above the data."""
    width = sheet["width"]
    header = [*header[:width], *[None] * (width - len(header))]
    fields = fields_of([cell or "" for cell in header])
    columns = ", ".join(field.name for field in fields)
    con.execute(
        f"create or replace temp view {relation} as select n + {first - above} as row_no, {columns}, "
        f"cast(null as varchar) as extra from read_parquet({literal(sheet['path'])}) where n >= {above}"
    )
    return Part(relation, fields, spreadsheet=True, label=sheet["name"], place=_place(sheet, above, first))


def _place(sheet: dict[str, Any], above: int, first: int) -> Place:
    """Where the data rows stand: the runs of filled rows without those above the data, counted as row_no and from 1."""
    runs = []
    for number, row, rows in sheet["runs"]:
        cut = min(max(above - number, 0), rows)
        if cut < rows:
            runs.append((number + cut - above + first, row + cut + 1, rows - cut))
    return Place(tuple(column + 1 for column in sheet["columns"]), tuple(runs))


def find_header(rows: list[Row], request: Request, merges: list[Merge]) -> tuple[Row, int] | None:
    """Return the header and the index of the first data row: of one to three rows, joined, those most known."""
    named = request.entry.header_row if request.entry else None
    candidates = [named - 1] if named else range(min(_HEADER_ROWS, len(rows)))
    best: tuple[int, Row, int] | None = None
    for index in candidates:
        if index >= len(rows):
            continue
        for header, start in _headers_at(rows, index, request, merges):
            known = _known(header, request)
            if known and (best is None or known > best[0]):
                best = known, header, start
    if best is None:
        return None
    return _with_units(rows, *best[1:], request)


def _with_units(rows: list[Row], header: Row, start: int, request: Request) -> tuple[Row, int]:
    """Take the rows below that belong to the header: names again, as in a second language, and units."""
    while start < len(rows) and (_known(rows[start], request) >= 2 and _is_header(rows[start], request)):
        start += 1
    units = rows[start] if start < len(rows) else []
    if any(units) and all(_UNIT_ONLY.match(cell) for cell in units if cell):
        width = max(len(header), len(units))
        padded = [[*row, *[None] * (width - len(row))] for row in (header, units)]
        return [_join(u, False, v, request) for u, v in zip(*padded, strict=True)], start + 1
    return header, start


def _known(row: Row, request: Request) -> int:
    return sum(1 for cell in row if cell and request.recognises(cell))


def _is_header(row: Row, request: Request) -> bool:
    """At least half of the cells are headers."""
    return 2 * _known(row, request) >= sum(1 for cell in row if cell)


def _headers_at(rows: list[Row], index: int, request: Request, merges: list[Merge]) -> list[tuple[Row, int]]:
    """The row alone, and joined with the one or two below it, as long as what is joined is mostly headers."""
    found = [(rows[index], index + 1)]
    header = rows[index]
    for below in range(index + 1, min(index + _DEEPEST_HEADER, len(rows))):
        if not any(rows[below]) or _holds_data(header, rows[below], request):
            break
        header = _joined(header, rows[below], [m for m in merges if m[0] == below - 1], request)
        own = [cell for cell, lower in zip(header, rows[below], strict=False) if lower]
        if _is_header(own, request):
            found.append((header, below + 1))
    return found


def _holds_data(header: Row, lower: Row, request: Request) -> bool:
    """Something stands under a known header that is no name and no unit: a value, even if beside it stands a name."""
    pairs = [(upper, cell) for upper, cell in zip(header, lower, strict=False) if upper and cell]
    values = [upper for upper, cell in pairs if not (_UNIT_ONLY.match(cell) or request.recognises(cell))]
    return any(map(request.recognises, values))


def _joined(upper: Row, lower: Row, merges: list[Merge], request: Request) -> Row:
    """Cells of two rows joined; a merged cell above reaches over its columns, or over the empty ones to its right."""
    width, over = max(len(upper), len(lower)), None
    reach = {column: left for _, left, right in merges for column in range(left + 1, right + 1)}
    joined: Row = []
    for i in range(width):
        above = upper[i] if i < len(upper) else None
        below = lower[i] if i < len(lower) else None
        over = above or over
        group = upper[reach[i]] if i in reach else over if not merges else None
        joined.append(_join(above or (group if below else None), not above, below, request))
    return joined


def _join(upper: str | None, reached: bool, lower: str | None, request: Request) -> str | None:
    """One header of two cells; `reached`: the upper one stands over another column too."""
    if not upper or not lower:
        return upper or lower
    if _UNIT_ONLY.match(lower):
        return upper + lower
    if request.recognises(lower):
        return lower
    return upper if not reached and request.recognises(upper) else upper + lower
