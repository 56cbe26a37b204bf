"""Parquet in the reading process: a sound copy with plain columns, so that no broken page reaches the warehouse.

A copy also drops the file's own statistics: a wrong one would let the database leave out rows, or fail inside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.refusal import Rejected
from landgauge.sql import identifier, literal

_KEPT_TYPES = (
    "VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "DECIMAL", "DATE", "TIMESTAMP",
)  # fmt: skip
_NUMBER = "file_row_number"
_BATCH = 50_000  # rows
_THREADS = 4
_QUICKLY = "format parquet, compression lz4_raw, dictionary_size_limit 0"  # written once and read a few times
_SHARE = 0.5  # of the process's memory; the rest is for what the database does not count
_ENCODINGS = ("WKB", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON")
_UNREADABLE = b"\0"  # stands for a shape that cannot be read: its row is then quarantined


def read(path: Path, folder: Path, limits: dict[str, Any]) -> dict[str, Any]:
    """Write the file as row_no, c1, c2, …, and wkb where it has geometry; returns its headers and CRS.

    Nested columns become text. Raises Rejected where the file is broken or its geometry is in no known form.
    """
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Rejected("unreadable", f"不是可读的 Parquet (not readable as Parquet): {_line(error)}") from error
    _judge(file, limits)
    shape, encoding, crs = _geometry(schema)
    target = folder / "table.parquet"
    with duckdb.connect(config={"threads": _THREADS}) as con:
        con.execute(f"set memory_limit = '{int(limits['memory_mb'] * _SHARE)}MB'")
        con.execute(f"set temp_directory = {literal(str(folder))}")
        con.execute("set disabled_optimizers = 'statistics_propagation'")
        con.execute("set enable_geoparquet_conversion = false")
        failures: list[Exception] = []
        source, number = _source(con, file, path, shape, encoding, failures)
        _copy(con, source, number, shape is not None, target, failures)
    headers = [name for i, name in enumerate(schema.names) if i != shape]
    return {"path": str(target), "headers": headers, "has_geometry": shape is not None, "crs": crs, "notes": []}


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _judge(file: pq.ParquetFile, limits: dict[str, Any]) -> None:
    columns, rows = len(file.schema_arrow.names), file.metadata.num_rows
    if columns == 0:
        raise Rejected("empty", "Parquet 文件没有列 (the file has no column)")
    if columns > limits["columns"] or rows > limits["rows"]:
        detail = f"有 {columns} 列 {rows} 行, 上限 {limits['columns']} 列 {limits['rows']} 行 (beyond the limits)"
        raise Rejected("unreadable", detail)


def _geometry(schema: pa.Schema) -> tuple[int | None, str, str | None]:
    """Return the geometry column's index, encoding and CRS: by the GeoParquet metadata, or bytes called geometry."""
    raw = (schema.metadata or {}).get(b"geo")
    if raw is None:
        at = schema.names.index("geometry") if schema.names.count("geometry") == 1 else None
        is_bytes = at is not None and _is_bytes(_storage(schema.field(at).type))
        return (at if is_bytes else None), "WKB", None
    try:
        geo = json.loads(raw)
        name = str(geo["primary_column"])
        column = geo["columns"][name]
        encoding = str(column.get("encoding", "WKB")).upper()
        at = schema.names.index(name)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Rejected("unreadable", f"GeoParquet 元数据有误 (broken geo metadata): {_line(error)}") from error
    if encoding not in _ENCODINGS:
        raise Rejected("unreadable", f"GeoParquet 几何编码 {encoding} 不支持, 请用 WKB (unknown geometry encoding)")
    crs = column.get("crs", "OGC:CRS84")  # GeoParquet 1.0 and 1.1: a missing key means CRS84, null means unknown
    return at, encoding, json.dumps(crs) if isinstance(crs, dict) else crs


def _storage(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _is_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _source(
    con: duckdb.DuckDBPyConnection,
    file: pq.ParquetFile,
    path: Path,
    shape: int | None,
    encoding: str,
    failures: list[Exception],
) -> tuple[str, str]:
    """Return what to select from, its columns in file order, and the expression of the row number."""
    if shape is not None:
        con.register("layer", _plain_shapes(file, shape, encoding, failures))
        return "layer", "row_number() over ()"
    own = {name.casefold() for name in file.schema_arrow.names}
    scan = f"read_parquet({literal(str(path))}, hive_partitioning = false"
    if _NUMBER in own:
        return f"{scan})", "row_number() over ()"
    return f"{scan}, {_NUMBER} = true)", f"{_NUMBER} + 1"


def _copy(
    con: duckdb.DuckDBPyConnection,
    source: str,
    number: str,
    has_geometry: bool,
    target: Path,
    failures: list[Exception],
) -> None:
    described = con.execute(f"describe select * from {source}").fetchall()
    types = {row[0]: row[1] for row in described if row[0] != _NUMBER or not number.startswith(_NUMBER)}
    if has_geometry:
        types.pop("wkb")
    columns = [f"{_expression(name, kind)} as c{i}" for i, (name, kind) in enumerate(types.items(), start=1)]
    listed = ", ".join([f"cast({number} as bigint) as row_no", *columns, *(["wkb"] if has_geometry else [])])
    try:
        con.execute(f"copy (select {listed} from {source}) to {literal(str(target))} ({_QUICKLY})")
    except (duckdb.OutOfMemoryException, MemoryError):
        raise
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise
        cause = failures[0] if failures else error  # the database would wrap it in a traceback
        if isinstance(cause, Rejected | MemoryError):
            raise cause from error
        raise Rejected("unreadable", f"Parquet 内容损坏 (broken pages or values): {_line(cause)}") from error


def _expression(name: str, kind: str) -> str:
    column = identifier(name)
    if kind == "BLOB":  # text of old writers that did not say so
        return f"coalesce(try(decode({column})), cast({column} as varchar))"
    kept = kind.startswith(_KEPT_TYPES) and not kind.endswith("]")
    return column if kept else f"cast({column} as varchar)"


def _plain_shapes(file: pq.ParquetFile, shape: int, encoding: str, failures: list[Exception]) -> pa.RecordBatchReader:
    """The file's batches with columns n0, n1, … and the geometry as well-formed WKB in the column wkb."""
    fields = list(file.schema_arrow)
    kinds = [pa.binary() if i == shape else _storage(field.type) for i, field in enumerate(fields)]
    names = ["wkb" if i == shape else f"n{i}" for i in range(len(fields))]
    schema = pa.schema([pa.field(name, kind) for name, kind in zip(names, kinds, strict=True)])

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for batch in file.iter_batches(batch_size=_BATCH):
                arrays = [a.storage if isinstance(a, pa.ExtensionArray) else a for a in batch.columns]
                arrays[shape] = _wkb(arrays[shape], encoding)
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        except Exception as error:
            failures.append(error)
            raise

    return pa.RecordBatchReader.from_batches(schema, batches())


def _wkb(shapes: pa.Array, encoding: str) -> pa.Array:
    import shapely

    if encoding == "WKB" and _is_bytes(shapes.type):
        given = shapes.to_numpy(zero_copy_only=False)
        read = shapely.to_wkb(shapely.from_wkb(given, on_invalid="ignore"), flavor="iso", include_srid=False)
        clean = [_UNREADABLE if w is None and g is not None else w for w, g in zip(read, given, strict=True)]
        return pa.array(clean, pa.binary())
    kind = shapely.GeometryType[encoding]  # where the column is none of it, what follows fails
    found = iter(shapely.to_wkb(_native(shapes.drop_null(), kind), flavor="iso"))
    return pa.array([next(found) if valid else None for valid in shapes.is_valid().to_pylist()], pa.binary())


def _native(shapes: pa.Array, kind: Any) -> Any:
    """GeoArrow's nested lists of coordinates as shapes."""
    import numpy as np
    import shapely

    offsets = []
    while pa.types.is_list(shapes.type) or pa.types.is_large_list(shapes.type):
        offsets.insert(0, shapes.offsets.to_numpy())
        shapes = shapes.values
    if pa.types.is_struct(shapes.type):
        parts = [shapes.field(i).to_numpy(zero_copy_only=False) for i in range(shapes.type.num_fields)][:3]
        coordinates = np.column_stack(parts)
    else:
        coordinates = shapes.flatten().to_numpy(zero_copy_only=False).reshape(-1, shapes.type.list_size)[:, :3]
    return shapely.from_ragged_array(kind, np.ascontiguousarray(coordinates, dtype=float), tuple(offsets) or None)
