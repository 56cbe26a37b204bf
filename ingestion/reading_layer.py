"""Layers in the reading process: GeoPackage, GeoJSON and Shapefile by GDAL, which has only these three drivers here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
from pyogrio import core

from ingestion import reading_output, reading_whole, shapefile
from ingestion.reading_whole import Stated
from ingestion.refusal import Rejected

_DRIVERS = {"GPKG": b"SQLite format 3\0", "GeoJSON": b"{", "ESRI Shapefile": b"\x00\x00\x27\x0a"}
_UNREADABLE = b"\0"  # stands for a shape that cannot be read: its row is then quarantined
_GEOJSON_CRS = "EPSG:4326"  # RFC 7946, section 4


def _allow_only_three() -> None:
    """A file can ask another driver to fetch other files or addresses; those drivers are not there."""
    others = [name for name in pyogrio.list_drivers() if name not in _DRIVERS]
    pyogrio.set_gdal_config_options({"OGR_SKIP": ",".join(others), "SHAPE_RESTORE_SHX": "YES"})
    core._register_drivers()
    left = set(pyogrio.list_drivers())
    if not left <= set(_DRIVERS):
        raise RuntimeError(f"drivers that should be off are on: {sorted(left - set(_DRIVERS))}")


_allow_only_three()


def read(path: Path, folder: Path, task: dict[str, Any], limits: dict[str, Any]) -> dict[str, Any]:
    """Write the layer as row_no, c1, c2, …, wkb; returns its headers and CRS.

    Raises Rejected where it cannot be read, or several layers stand and none is named.
    """
    notes: list[str] = []
    source, encoding = path, task["encoding"]
    if task["kind"] == "shp":
        source, encoding = shapefile.unpack(path, folder, task["layer"], encoding, notes, limits)
    driver = _driver(source)
    try:
        layer = source.stem if driver == "ESRI Shapefile" else _layer(source, task["layer"])
        info = pyogrio.read_info(source, layer=layer, encoding=encoding)
        _limit_columns(len(info["fields"]), limits)
        options = {"layer": layer, "encoding": encoding, "use_pyarrow": True, "return_fids": True}
        with pyogrio.open_arrow(source, **options) as (meta, reader):
            stated = _stated(source, driver, layer, meta)
            written = _write(folder / "layer.parquet", meta, reader, stated, limits["rows"])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pa.ArrowInvalid, RuntimeError) as error:
        text = " ".join(str(error).split())[:300].replace(str(source), path.name)
        if driver == "GeoJSON" and "supported file format" in text:
            text = "不是 GeoJSON FeatureCollection; 逐行 GeoJSON、ESRI JSON 等不支持 (another kind of JSON)"
        raise Rejected("unreadable", f"图层无法读取 (the layer cannot be read): {text}") from error
    return {**written, "crs": _crs(info.get("crs"), driver), "notes": notes}


def _driver(path: Path) -> str:
    """By content alone; GDAL would try more."""
    with path.open("rb") as handle:
        start = handle.read(4096)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for driver, magic in _DRIVERS.items():
        if (text if driver == "GeoJSON" else start).startswith(magic):
            return driver
    raise Rejected("unreadable", "内容不是 GeoPackage、GeoJSON 或 Shapefile (the content is none of these formats)")


def _limit_columns(count: int, limits: dict[str, Any]) -> None:
    if count > limits["columns"]:
        raise Rejected("unreadable", f"有 {count} 列, 上限 {limits['columns']} (more columns than the limit)")


def _layer(path: Path, wanted: str | None) -> str:
    found = [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
    names = [name for name, _ in found]
    listed = ", ".join(names[:20])
    if not names:
        raise Rejected("unreadable", "文件中没有图层 (the file has no layer)")
    if wanted is not None:
        if wanted not in names:
            raise Rejected("unreadable", f"没有图层 {wanted} (layers: {listed})")
        return wanted
    spatial = [name for name, kind in found if kind is not None] if len(names) > 1 else names
    if len(spatial) != 1:
        raise Rejected("unreadable", f"有多个图层, 须在 mapping.yml 指定 (name one layer: {listed})")
    return spatial[0]


def _crs(given: object, driver: str) -> str | None:
    if given is None and driver == "GeoJSON":
        return _GEOJSON_CRS
    return str(given) if given and "Undefined" not in str(given) else None


def _stated(path: Path, driver: str, layer: str, meta: dict[str, Any]) -> Stated:
    if driver == "GPKG":
        return reading_whole.of_geopackage(path, layer, str(meta["fid_column"]), str(meta["geometry_name"]))
    return reading_whole.of_geojson(path) if driver == "GeoJSON" else reading_whole.of_shapefile(path)


def _write(path: Path, meta: dict[str, Any], reader: pa.RecordBatchReader, stated: Stated, most: int) -> dict[str, Any]:
    geometry = str(meta.get("geometry_name") or "wkb_geometry")
    names = list(reader.schema.names)
    has_geometry = geometry in names
    order = [at for at in range(1, len(names)) if names[at] != geometry]  # the first is the row id
    plain = [names[at] for at in order]
    fields = [pa.field(f"c{i}", _stored(reader.schema.field(at).type)) for i, at in enumerate(order, start=1)]
    if has_geometry:
        order.append(names.index(geometry))
        fields.append(pa.field("wkb", pa.binary()))
    schema = pa.schema(fields)
    stated.judge(reading_output.write_batches(path, schema, _batches(reader, order, schema, stated, most)))
    return {"path": str(path), "headers": plain, "has_geometry": has_geometry}


def _stored(kind: pa.DataType) -> pa.DataType:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _batches(
    reader: pa.RecordBatchReader, order: list[int], schema: pa.Schema, stated: Stated, most: int
) -> Iterator[pa.RecordBatch]:
    # without its extension type a geometry column stays bytes, so that one broken shape does not end the scan
    count = 0
    for batch in reader:
        arrays = []
        count += batch.num_rows
        if count > most:
            raise Rejected("unreadable", f"超过 {most} 行 (more rows than the limit)")
        for at, field in zip(order, schema, strict=True):
            array = batch.column(at)
            array = array.storage if isinstance(array, pa.ExtensionArray) else array
            array = array if array.type == field.type else array.cast(field.type)
            array.validate(full=True)  # text must be UTF-8
            arrays.append(_marked(array, batch.column(0), stated) if field.name == "wkb" else array)
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _marked(shapes: pa.Array, ids: pa.Array, stated: Stated) -> pa.Array:
    """Put a mark where the file has a shape and GDAL gave none."""
    if not shapes.null_count:
        return shapes
    pairs = zip(shapes.to_pylist(), ids.to_pylist(), strict=True)
    return pa.array([_UNREADABLE if s is None and i in stated.shapes else s for s, i in pairs], pa.binary())
