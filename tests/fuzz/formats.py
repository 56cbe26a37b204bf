"""Writes a table of text cells in every format of the input contract."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
import xlwt

from .tables import Table

_SIDE_M = 31.6227766  # a square of 1000 m2
_PLACE = (448_800.0, 2_556_000.0)  # EPSG:4547, in Huangpu
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,6})?")
Files = dict[str, bytes]  # extension (with its dot) to content


def csv_text(table: Table, delimiter: str = ",", line: str = "\n") -> str:
    out = io.StringIO()
    returns = any("\r" in cell for row in (table.header, *table.rows) for cell in row)  # which csv leaves unquoted
    quoting = csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line, quoting=quoting)
    writer.writerow(table.header)
    writer.writerows(table.rows)
    return out.getvalue()


def csv_as(encoding: str, delimiter: str = ",", line: str = "\n") -> Callable[[Table], Files]:
    return lambda table: {".csv": csv_text(table, delimiter, line).encode(encoding, "surrogatepass")}


def xlsx(table: Table) -> Files:
    """Text cells on one sheet."""
    return {".xlsx": _workbook([("表", [list(table.header), *map(list, table.rows)])])}


def xlsx_typed(table: Table) -> Files:
    """Numbers as numbers, one of them a formula with its cached value; a title above and a sheet of remarks."""
    rows = [[_number(cell) for cell in row] for row in table.rows]
    book = _workbook([("申报表", [["申报表"], list(table.header), *rows]), ("说明", [["请如实填报"]])])
    return {".xlsx": book}


def xlsx_two_rows(table: Table) -> Files:
    """A group row above the header, the rows on two sheets."""
    half = len(table.rows) // 2
    head = [["基本信息", *[None] * (len(table.header) - 1)], list(table.header)]
    first, second = ([*head, *map(list, part)] for part in (table.rows[:half], table.rows[half:]))
    return {".xlsx": _workbook([("东", first), ("西", second)])}


def _workbook(sheets: list[tuple[str, list[list[object]]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for at, row in enumerate(rows, start=1):
            for column, cell in enumerate(row, start=1):
                if cell is not None and cell != "":
                    _put(sheet.cell(at, column), cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def visible(cell: str) -> str:
    """What a workbook keeps of a text, without white space around it."""
    return _CONTROL.sub("", cell).strip()


def _put(place: openpyxl.cell.Cell, cell: object) -> None:
    place.value = _CONTROL.sub("", cell)[:32_767] if isinstance(cell, str) else cell
    if isinstance(cell, str):
        place.data_type = "s"  # text that begins with = is text


def _number(cell: str) -> object:
    return float(cell) if _NUMBER.fullmatch(cell) and not cell.startswith("0") else cell


def xls(table: Table) -> Files:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("表")
    for at, row in enumerate([table.header, *table.rows]):
        for column, cell in enumerate(row):
            if cell != "":
                sheet.write(at, column, _CONTROL.sub("", cell)[:32_767])
    out = io.BytesIO()
    book.save(out)
    return {".xls": out.getvalue()}


def parquet(table: Table) -> Files:
    return {".parquet": _parquet_bytes(_arrow(table))}


def parquet_typed(table: Table) -> Files:
    """Columns of plain numbers as doubles."""
    columns = [pa.array(column, pa.string()) for column in _columns(table)]
    for place, column in enumerate(_columns(table)):
        if all(cell == "" or _number(cell) is not cell for cell in column) and any(column):
            columns[place] = pa.array([float(cell) if cell else None for cell in column])
    return {".parquet": _parquet_bytes(pa.table(columns, names=_unique(table.header)))}


def geoparquet(table: Table) -> Files:
    crs = {"id": {"authority": "EPSG", "code": 4547}}
    geo = {
        "version": "1.0.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Polygon"], "crs": _projjson(crs)}},
    }
    shapes = _arrow(table).append_column("geometry", pa.array(_squares(len(table.rows)), pa.binary()))
    return {".parquet": _parquet_bytes(shapes.replace_schema_metadata({"geo": json.dumps(geo)}))}


def _projjson(crs: dict[str, object]) -> object:
    from pyproj import CRS

    return json.loads(CRS.from_epsg(4547).to_json()) | crs


def _parquet_bytes(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def gpkg(table: Table) -> Files:
    return _layer(table, ".gpkg", "GPKG")


def geojson(table: Table) -> Files:
    return _layer(table, ".geojson", "GeoJSON", crs="EPSG:4490")


def shp_zip(table: Table) -> Files:
    parts = shp_parts(table)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for extension, content in parts.items():
            archive.writestr(f"宗地/lots{extension}", content)
    return {".zip": out.getvalue()}


def shp_parts(table: Table) -> Files:
    """Field names end at ten bytes, as in every Shapefile."""
    cut = [name.encode("utf-8", "replace")[:10].decode("utf-8", "ignore") for name in table.header]
    return _layer(table.with_header(cut), ".shp", "ESRI Shapefile", encoding="UTF-8")


def _layer(table: Table, extension: str, driver: str, crs: str = "EPSG:4547", **options: str) -> Files:
    shapes = _squares(len(table.rows), degrees=crs == "EPSG:4490")
    arrow = _arrow(table).append_column("wkb", pa.array(shapes, pa.binary()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"layer{extension}"
        pyogrio.write_arrow(
            arrow, path, driver=driver, geometry_name="wkb", geometry_type="Polygon", crs=crs, **options
        )
        return {other.suffix: other.read_bytes() for other in sorted(Path(folder).iterdir())}


def _squares(count: int, degrees: bool = False) -> list[bytes]:
    x, y, side = (113.5, 23.1, _SIDE_M / 111_000) if degrees else (*_PLACE, _SIDE_M)
    height = side if not degrees else side * 0.92  # a degree of longitude is shorter: areas stay within tolerance
    corners = [(x + 2 * side * i, y, x + 2 * side * i + side, y + height) for i in range(count)]
    return [shapely.to_wkb(shapely.box(*corner)) for corner in corners]


def _arrow(table: Table) -> pa.Table:
    return pa.table([pa.array(c, pa.string()) for c in _columns(table)], names=_unique(table.header))


def _columns(table: Table) -> list[list[str]]:
    width = len(table.header)
    cells = [[_valid(cell) for cell in (*row, *[""] * width)][:width] for row in table.rows]
    return [list(column) for column in zip(*cells, strict=True)] if cells else [[] for _ in range(width)]


def _valid(cell: str) -> str:
    return cell.encode("utf-8", "replace").decode()


def _unique(header: tuple[str, ...]) -> list[str]:
    """A second column of a name gets a number behind it, as layers and Parquet files allow no two."""
    names: list[str] = []
    for place, name in enumerate(map(_valid, header)):
        plain = name.replace("\0", "") or f"column {place}"
        names.append(plain if plain.casefold() not in {n.casefold() for n in names} else f"{plain} {place}")
    return names


TABULAR: dict[str, Callable[[Table], Files]] = {
    "csv": csv_as("utf-8"),
    "csv bom": csv_as("utf-8-sig", line="\r\n"),
    "csv gb18030": csv_as("gb18030"),
    "csv utf-16": csv_as("utf-16"),
    "csv tab": csv_as("utf-8", "\t"),
    "csv semicolon": csv_as("gb18030", ";"),
    "xlsx": xlsx,
    "xlsx typed": xlsx_typed,
    "xlsx two rows": xlsx_two_rows,
    "xls": xls,
    "parquet": parquet,
    "parquet typed": parquet_typed,
}
SPATIAL: dict[str, Callable[[Table], Files]] = {
    "gpkg": gpkg,
    "geojson": geojson,
    "shp zip": shp_zip,
    "shp": shp_parts,
    "geoparquet": geoparquet,
}
ALL = TABULAR | SPATIAL
