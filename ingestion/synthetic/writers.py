"""Writing one table to one file: Parquet, csv in several encodings, xlsx, GeoPackage; the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyproj import Transformer

from ingestion.synthetic.districts import GEOGRAPHIC

_CSV_ENCODINGS = {"csv": "utf-8", "csv_bom": "utf-8-sig", "csv_gb18030": "gb18030"}
EXTENSIONS = {"parquet": "parquet", "xlsx": "xlsx", "gpkg": "gpkg", "gpkg_geographic": "gpkg"} | dict.fromkeys(
    _CSV_ENCODINGS, "csv"
)
TEXT_FORMATS = {*_CSV_ENCODINGS, "xlsx", "gpkg_geographic"}  # cells can hold what their column's type cannot
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_GPKG_TIME = "2000-01-01T00:00:00.000Z"
_MISSING = ("-", "--", "/", "无", "NA", "N/A", "null", "")
_FULL_WIDTH = str.maketrans("0123456789.-", "０１２３４５６７８９．－")
_SPREADSHEET_EPOCH = 25_569  # days from 1899-12-30, where spreadsheets start, to 1970-01-01


@dataclass(frozen=True)
class Sheet:
    """A table ready to be written: canonical columns, their headers, cells that are text against their type.

    `cells` maps a row (from 0) to text by column; `surplus` maps a row to one cell too many (csv only); `by_hand` are
    rows that are written as people type them (GB18030 csv only).
    """

    table: pa.Table
    headers: Mapping[str, str]
    crs: str
    cells: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    surplus: Mapping[int, str] = field(default_factory=dict)
    by_hand: tuple[int, ...] = ()


def write(sheet: Sheet, form: str, path: Path) -> None:
    """Write the sheet in a format of `EXTENSIONS`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if form == "parquet":
        pq.write_table(sheet.table, path, compression="zstd", row_group_size=250_000)
    elif form == "gpkg":
        _write_gpkg(sheet.table, sheet.crs, path)
    elif form == "gpkg_geographic":
        _write_geographic(sheet, path)
    elif form == "xlsx":
        path.write_bytes(_workbook(sheet))
    else:
        path.write_bytes(_csv(sheet, _CSV_ENCODINGS[form]))


def is_csv(form: str) -> bool:
    """Say whether a format is csv."""
    return form in _CSV_ENCODINGS


def _csv(sheet: Sheet, encoding: str) -> bytes:
    by_hand = sheet.by_hand if encoding == "gb18030" else ()
    dates = "%Y年%m月%d日" if encoding == "gb18030" else "%Y-%m-%d"
    columns = []
    for name in sheet.table.column_names:
        typed = sheet.table[name]
        figures = not pa.types.is_string(typed.type) and not pa.types.is_date(typed.type) and not name.endswith("year")
        column = _typed_by_hand(_as_text(typed, dates), figures, by_hand)
        columns.append(_overridden(column, name, sheet.cells, str))
    text = pa.table(columns, names=[sheet.headers[n] for n in sheet.table.column_names])
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(text, buffer, pyarrow.csv.WriteOptions(quoting_style="needed"))
    lines = buffer.getvalue().decode()
    return _with_surplus(lines, sheet.surplus).encode(encoding)


def _typed_by_hand(column: pa.ChunkedArray, figures: bool, rows: tuple[int, ...]) -> pa.ChunkedArray:
    """Write some rows as people do: marks for what is missing, thousands commas, full-width figures."""
    cells: dict[int, dict[str, str]] = {}
    for place, row in enumerate(rows):
        value = column[row].as_py()
        if value is None:
            cells[row] = {"": _MISSING[place % len(_MISSING)]}
        elif figures and place % 2 and "e" not in value:
            whole, point, rest = value.partition(".")
            cells[row] = {
                "": f"{int(whole):,}{point}{rest}" if abs(int(whole)) >= 1000 else value.translate(_FULL_WIDTH)
            }
    return _overridden(column, "", cells, str)


def _with_surplus(lines: str, surplus: Mapping[int, str]) -> str:
    if not surplus:
        return lines
    parts = lines.split("\n")
    for row, cell in surplus.items():
        parts[row + 1] += f",{cell}"
    return "\n".join(parts)


def _as_text(column: pa.ChunkedArray, dates: str) -> pa.ChunkedArray:
    if pa.types.is_date(column.type):
        return pc.strftime(column.cast(pa.timestamp("s")), format=dates)
    return column.cast(pa.string())


def _overridden(
    column: pa.ChunkedArray, name: str, cells: Mapping[int, Mapping[str, str]], form: Callable[[str], str]
) -> pa.ChunkedArray:
    """Put the cells that are text against their type in their places."""
    given = {row: form(values[name]) for row, values in cells.items() if name in values}
    if not given:
        return column
    mask = np.zeros(len(column), dtype=bool)
    rows = sorted(given)
    mask[rows] = True
    replaced = pc.replace_with_mask(column.combine_chunks(), pa.array(mask), pa.array([given[r] for r in rows]))
    return pa.chunked_array([replaced])


def _write_gpkg(table: pa.Table, crs: str, path: Path) -> None:
    """Write one layer `parcels`; the time that a GeoPackage keeps is fixed, so that equal data are equal bytes."""
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _GPKG_TIME})
    try:
        pyogrio.write_arrow(
            table,
            path,
            layer="parcels",
            driver="GPKG",
            geometry_name="geometry",
            geometry_type="Unknown",
            crs=crs,
            layer_options={"SPATIAL_INDEX": "NO"},
        )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _write_geographic(sheet: Sheet, path: Path) -> None:
    """Write longitude and latitude, Chinese headers, dates as text."""
    names, columns = [], []
    for name in sheet.table.column_names:
        column = sheet.table[name]
        if name == "geometry":
            column = _geographic(column, sheet.crs)
        elif pa.types.is_date(column.type):
            column = _overridden(_as_text(column, "%Y年%m月%d日"), name, sheet.cells, str)
        names.append(name if name == "geometry" else sheet.headers[name])
        columns.append(column)
    _write_gpkg(pa.table(columns, names=names), GEOGRAPHIC, path)


def _geographic(column: pa.ChunkedArray, crs: str) -> pa.Array:
    shapes = shapely.from_wkb(column.to_numpy())
    transformer = Transformer.from_crs(crs, GEOGRAPHIC, always_xy=True)
    turned = shapely.transform(shapes, transformer.transform, interleaved=False)
    return pa.array(shapely.to_wkb(turned), pa.binary())


def _workbook(sheet: Sheet) -> bytes:
    """Return an xlsx of one worksheet: numbers as numbers, dates as spreadsheet dates, the rest as inline text."""
    parts = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "_rels/.rels": _ROOT_RELATIONS,
        "xl/workbook.xml": _WORKBOOK,
        "xl/_rels/workbook.xml.rels": _WORKBOOK_RELATIONS,
        "xl/styles.xml": _STYLES,
        "xl/worksheets/sheet1.xml": _worksheet(sheet),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _worksheet(sheet: Sheet) -> str:
    names = sheet.table.column_names
    letters = [_letters(i) for i in range(len(names))]
    head = "".join(f'<c r="{a}1"{_text_cell(sheet.headers[n])}' for a, n in zip(letters, names, strict=True))
    row_no = pa.array(np.arange(2, len(sheet.table) + 2)).cast(pa.string())
    pieces: list[pa.Array | str] = ['<row r="', row_no, '">']
    for letter, name in zip(letters, names, strict=True):
        cells = _overridden(_cells(sheet.table[name]), name, sheet.cells, _text_cell)
        pieces += [f'<c r="{letter}', row_no, '"', cells.combine_chunks()]
    rows = pc.binary_join_element_wise(*pieces, "</row>", "")
    body = "".join(rows.to_pylist())
    return f'{_SHEET_HEAD}<row r="1">{head}</row>{body}</sheetData></worksheet>'


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return what follows the reference in each cell: its type, its value, its end."""
    if pa.types.is_date(column.type):
        serial = pc.add(column.cast(pa.int32()), pa.scalar(_SPREADSHEET_EPOCH, pa.int32())).cast(pa.string())
        joined = pc.binary_join_element_wise(' s="1"><v>', serial, "</v></c>", "")
    elif pa.types.is_string(column.type):
        text = column
        for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = pc.replace_substring(text, sign, entity)
        joined = pc.binary_join_element_wise(' t="inlineStr"><is><t>', text, "</t></is></c>", "")
    else:
        joined = pc.binary_join_element_wise("><v>", column.cast(pa.string()), "</v></c>", "")
    return pc.fill_null(joined, "/>")


def _text_cell(text: str) -> str:
    return f' t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def _letters(place: int) -> str:
    """Return a column's letters: A, B, …, Z, AA, …"""
    high, low = divmod(place, 26)
    return (_letters(high - 1) if high else "") + chr(ord("A") + low)


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CONTENT_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_ROOT_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_WORKBOOK = (
    f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
    '<sheet name="申报表(示例)" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_WORKBOOK_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>'
)
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_SHEET_HEAD = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'
