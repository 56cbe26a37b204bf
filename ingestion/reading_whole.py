"""Whether a layer came whole: GDAL ends a damaged layer early and gives a broken shape as none, without a word.

Each check looks at the file by another way than GDAL's, and says how many rows there are and which have a shape.
"""

from __future__ import annotations

import json
import mmap
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ingestion.refusal import Rejected
from landgauge.sql import identifier

_SHX_HEADER, _SHX_ENTRY, _DBF_HEADER = 100, 8, 32
_DELETED = b"*"


@dataclass(frozen=True)
class Stated:
    """What a file itself says: its rows (None: it does not say), and by row id whether a shape stands there."""

    rows: int | None
    shapes: frozenset[int]

    def judge(self, rows: int) -> None:
        """Raise Rejected where another number of rows was read."""
        if self.rows is not None and rows != self.rows:
            detail = f"文件有 {self.rows} 行, 只读出 {rows} 行, 已损坏 (damaged: {rows} of {self.rows} rows were read)"
            raise Rejected("unreadable", detail)


def of_geopackage(path: Path, layer: str, fid: str, geometry: str) -> Stated:
    """Check every page of the database, and count the layer's rows. Raises Rejected where it is damaged."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as con:
        con.text_factory = bytes
        try:
            found = con.execute("pragma quick_check(1)").fetchall()
        except sqlite3.DatabaseError as error:
            raise Rejected("unreadable", f"GeoPackage 损坏 (a damaged database): {error}") from error
        if found != [(b"ok",)]:
            text = str(found[:1])[:200]
            raise Rejected("unreadable", f"GeoPackage 损坏 (a damaged database): {text}")
        try:
            rows = con.execute(f"select count(*) from {identifier(layer)}").fetchall()[0][0]
            sql = f"select {identifier(fid)} from {identifier(layer)} where {identifier(geometry)} is not null"
            shapes = frozenset(row[0] for row in con.execute(sql)) if fid and geometry else frozenset()
        except sqlite3.DatabaseError:  # a view may use functions that are GDAL's own
            return Stated(None, frozenset())
    return Stated(rows, shapes)


def of_geojson(path: Path) -> Stated:
    """Count the features. Raises Rejected where the JSON is broken."""
    try:
        with path.open(encoding="utf-8-sig") as handle:
            top = json.load(handle, object_hook=_collapsed)
    except (ValueError, RecursionError) as error:
        raise Rejected("unreadable", f"GeoJSON 不完整或有误 (broken JSON): {str(error)[:200]}") from error
    features = top.get("features") if isinstance(top, dict) else [top]
    if not isinstance(features, list):
        raise Rejected("unreadable", "不是 GeoJSON FeatureCollection (neither features nor a feature)")
    return Stated(len(features), frozenset(i for i, feature in enumerate(features) if feature is True))


def _collapsed(value: dict[str, Any]) -> Any:
    """True for a feature with a shape, False for one without: coordinates are not kept in memory."""
    if value.get("type") == "Feature":
        return value.get("geometry") is not None
    return True if "coordinates" in value else value


def mend_index(shx: Path, shp: Path) -> bool:
    """Remove a .shx that does not fit its .shp, for GDAL to build it anew; tells whether one is left."""
    if not shx.is_file():
        return False
    data = shx.read_bytes()
    entries = np.frombuffer(data[_SHX_HEADER : len(data) - (len(data) - _SHX_HEADER) % _SHX_ENTRY], ">u4")
    offsets, lengths = entries[0::2].astype(np.int64) * 2, entries[1::2].astype(np.int64) * 2
    stated = int.from_bytes(data[24:28], "big") * 2
    inside = (offsets >= _SHX_HEADER) & (offsets + lengths + _SHX_ENTRY <= shp.stat().st_size)
    if stated == len(data) >= _SHX_HEADER and bool(inside.all()):
        return True
    shx.unlink()
    return False


def of_shapefile(shp: Path) -> Stated:
    """Hold the .dbf and the index against each other. Raises Rejected where they differ or are cut off."""
    rows, deleted = _dbf_rows(shp.with_suffix(".dbf"))
    entries = np.frombuffer(shp.with_suffix(".shx").read_bytes()[_SHX_HEADER:], ">u4")
    if len(entries) // 2 != rows:
        detail = f".dbf 有 {rows} 行, .shp 有 {len(entries) // 2} 个图形 (numbers of rows and shapes differ)"
        raise Rejected("unreadable", detail)
    return Stated(rows - deleted, _shapes(shp, entries[0::2].astype(np.int64) * 2))


def _dbf_rows(dbf: Path) -> tuple[int, int]:
    """Return the number of rows and how many of them are marked as deleted."""
    size = dbf.stat().st_size
    with dbf.open("rb") as handle:
        head = handle.read(_DBF_HEADER)
        rows, start, length = (int.from_bytes(head[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
        if len(head) < _DBF_HEADER or length < 1 or start + rows * length > size:
            raise Rejected("unreadable", f".dbf 不完整: 应有 {rows} 行 (the .dbf is cut off or broken)")
        if rows == 0:
            return 0, 0
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return rows, data[start : start + rows * length : length].count(_DELETED)


def _shapes(shp: Path, offsets: np.ndarray) -> frozenset[int]:
    """Records that are not of the empty type."""
    data = np.memmap(shp, np.uint8, "r")
    at = offsets + _SHX_ENTRY
    at = np.where(at + 4 <= len(data), at, 0)
    filled = (data[at] != 0) & (at > 0)  # types are below 256, little-endian
    return frozenset(np.flatnonzero(filled).tolist())
