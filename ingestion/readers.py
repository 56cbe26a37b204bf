"""One way into every file format: a stored file becomes relations with positional columns and row numbers."""

from __future__ import annotations

import duckdb

from ingestion import delimited, layers, sheets
from ingestion.source import Part, Rejected, Request

_NO_TEXT = {
    b"PK\x03\x04": "xlsx 工作簿或压缩包 (a workbook or an archive)",
    b"\xd0\xcf\x11\xe0": "xls 工作簿 (a workbook of the old format)",
    b"PAR1": "Parquet",
    b"SQLi": "GeoPackage / SQLite",
}


def read(con: duckdb.DuckDBPyConnection, request: Request) -> list[Part]:
    """Return the parts of a file; their relations are temporary and replaced by the next file.

    Raises Rejected, with the rule and the reason, where the file cannot be read.
    """
    if request.path.stat().st_size == 0:
        raise Rejected("empty", "文件为空 (the file is empty)")
    match request.kind:
        case "csv":
            _refuse_other_content(request)
            return delimited.read(con, request)
        case "sheet":
            return sheets.read(con, request)
        case "parquet":
            return layers.read_parquet(con, request)
        case "vector" | "shp":
            return layers.read_layer(con, request)
    known = "csv, xlsx, xls, parquet, gpkg, geojson, shp"
    raise Rejected("unreadable", f"不认识的文件类型; 可用 {known} (unknown file type)")


def _refuse_other_content(request: Request) -> None:
    """A csv that is none is named as what it is: read as text it would give rows of rubbish."""
    with request.path.open("rb") as handle:
        found = _NO_TEXT.get(handle.read(4))
    if found is not None:
        raise Rejected("unreadable", f"扩展名是 csv, 内容是 {found}; 请改扩展名 (give it the right extension)")
