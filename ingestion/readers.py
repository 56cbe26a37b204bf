"""One way into every file format: a stored file becomes relations with positional columns and row numbers."""

from __future__ import annotations

import json

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import delimited, geometry, sheets
from ingestion.source import Part, Rejected, Request, SourceField, literal, quoted, relation_name

_KEPT_TYPES = (
    "VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "DECIMAL", "DATE", "TIMESTAMP",
)  # fmt: skip


def read(con: duckdb.DuckDBPyConnection, request: Request) -> list[Part]:
    """Return the parts of a file; their relations are temporary and replaced by the next file.

    Raises Rejected, with the rule and the reason, where the file cannot be read.
    """
    if request.path.stat().st_size == 0:
        raise Rejected("empty", "文件为空 (the file is empty)")
    match request.kind:
        case "csv":
            return delimited.read(con, request)
        case "sheet":
            return sheets.read(con, request)
        case "parquet":
            return [_parquet(con, request)]
        case "vector" | "shp":
            return geometry.read_layer(con, request)
    known = "csv, xlsx, xls, parquet, gpkg, geojson, shp"
    raise Rejected("unreadable", f"不认识的文件类型; 可用 {known} (unknown file type)")


def _parquet(con: duckdb.DuckDBPyConnection, request: Request) -> Part:
    """A view, not a copy: DuckDB reads the file as fast as a table."""
    try:
        metadata = pq.read_schema(request.path).metadata or {}
    except (pa.ArrowInvalid, OSError) as error:
        raise Rejected("unreadable", f"不是可读的 Parquet (not readable as Parquet): {error}") from error
    con.execute("set enable_geoparquet_conversion = false")  # as bytes, so that one broken shape does not end the scan
    source = f"read_parquet({literal(str(request.path))}, file_row_number = true)"
    described = con.execute(f"describe select * exclude (file_row_number) from {source}").fetchall()
    types = {row[0]: row[1] for row in described}
    shape, crs = _geo(metadata.get(b"geo"), types)
    fields, columns = _columns({name: kind for name, kind in types.items() if name != shape})
    wkb = f", cast({quoted(shape)} as blob) as wkb" if shape else ""
    relation = relation_name(1)
    con.execute(
        f"create or replace temp view {relation} as select cast(file_row_number + 1 as bigint) as row_no{columns}, "
        f"cast(null as varchar) as extra{wkb} from {source}"
    )
    return Part(relation, fields, has_geometry=shape is not None, crs=crs)


def _columns(types: dict[str, str]) -> tuple[tuple[SourceField, ...], str]:
    fields, columns = [], ""
    for i, (header, kind) in enumerate(types.items(), start=1):
        kept = kind.startswith(_KEPT_TYPES) and not kind.endswith("]")
        expression = quoted(header) if kept else f"cast({quoted(header)} as varchar)"
        fields.append(SourceField(header, f"c{i}", kind if kept else "VARCHAR"))
        columns += f", {expression} as c{i}"
    return tuple(fields), columns


def _geo(raw: bytes | None, types: dict[str, str]) -> tuple[str | None, str | None]:
    """Return the geometry column and its CRS by the GeoParquet metadata, or a column of bytes called geometry."""
    if raw is None:
        return ("geometry", None) if types.get("geometry") == "BLOB" else (None, None)
    try:
        geo = json.loads(raw)
        name = str(geo["primary_column"])
        column = geo["columns"][name]
        encoding = column.get("encoding", "WKB")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Rejected("unreadable", f"GeoParquet 元数据有误 (broken geo metadata): {error}") from error
    if encoding != "WKB" or name not in types:
        raise Rejected("unreadable", f"GeoParquet 几何须为 WKB (geometry must be WKB, found {encoding})")
    crs = column.get("crs", "OGC:CRS84")  # GeoParquet 1.0: a missing key means CRS84, null means unknown
    return name, (json.dumps(crs) if isinstance(crs, dict) else crs)
