"""GCJ-02 and BD-09, the shifted coordinates of Chinese web maps, taken back to CGCS2000 (EPSG:4490).

No authority publishes the shift; the formulas are those that open implementations share (googollee/eviltransform,
hujiulong/gcoord), given in words at https://en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China. They start
from WGS 84, which CGCS2000 equals within centimetres (EPSG:4490: "realised by ITRF97 at epoch 2000.0").
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pyarrow as pa
import shapely
from duckdb.sqltypes import BLOB
from numpy.typing import NDArray

Degrees = NDArray[np.float64]
Shift = Callable[[Degrees, Degrees], tuple[Degrees, Degrees]]

NAMES = ("GCJ-02", "BD-09")
_AXIS, _ECCENTRICITY_SQUARED = 6378245.0, 0.00669342162296594323  # Krasovsky 1940, in metres
_WEST, _SOUTH, _EAST, _NORTH = 72.004, 0.8293, 137.8347, 55.8271  # beyond this box the maps shift nothing
_ORIGIN_LON, _ORIGIN_LAT = 105.0, 35.0
_BAIDU_WAVES = np.pi * 3000 / 180
_CLOSE_DEGREES = 1e-11  # a micrometre; what is asked for is 1e-9
_MOST_STEPS = 30  # each step divides what is left by some hundred


def known(crs: str | None) -> str | None:
    """Return `GCJ-02` or `BD-09` where a CRS is spelled like one of them (`gcj02`, `BD09`), else None."""
    plain = (crs or "").strip().upper().replace("-", "").replace("_", "").replace(" ", "")
    return {name.replace("-", ""): name for name in NAMES}.get(plain)


def to_cgcs2000(longitude: Degrees, latitude: Degrees, crs: str) -> tuple[Degrees, Degrees]:
    """Return EPSG:4490 degrees of GCJ-02 or BD-09 degrees; the shapes are kept.

    What is not finite, or lies outside the box of China, comes back as it is. Raises ValueError for another name.
    """
    shift = {"GCJ-02": _gcj02_shift, "BD-09": _bd09_shift}.get(known(crs) or "")
    if shift is None:
        raise ValueError(f"no shifted system: {crs!r}")
    given_lon, given_lat = np.asarray(longitude, float), np.asarray(latitude, float)
    inside = (given_lon >= _WEST) & (given_lon <= _EAST) & (given_lat >= _SOUTH) & (given_lat <= _NORTH)
    lon, lat = given_lon.copy(), given_lat.copy()
    lon[inside], lat[inside] = _undone(given_lon[inside], given_lat[inside], shift)
    return lon, lat


def from_cgcs2000(longitude: Degrees, latitude: Degrees, crs: str) -> tuple[Degrees, Degrees]:
    """Return GCJ-02 or BD-09 degrees of EPSG:4490 degrees inside China: what `to_cgcs2000` undoes."""
    lon, lat = np.asarray(longitude, float), np.asarray(latitude, float)
    shift = {"GCJ-02": _gcj02_shift, "BD-09": _bd09_shift}[known(crs) or ""]
    east, north = shift(lon, lat)
    return lon + east, lat + north


def _undone(lon: Degrees, lat: Degrees, shift: Shift) -> tuple[Degrees, Degrees]:
    """The point whose shifted point is the given one: the shift changes slowly, so that repeating it converges."""
    x, y = lon, lat
    for _ in range(_MOST_STEPS):
        east, north = shift(x, y)
        next_x, next_y = lon - east, lat - north
        moved = max(np.abs(next_x - x).max(initial=0.0), np.abs(next_y - y).max(initial=0.0))
        x, y = next_x, next_y
        if moved < _CLOSE_DEGREES:
            break
    return x, y


def _gcj02_shift(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Degrees east and north from WGS 84 to GCJ-02: a polynomial and sine waves in metres, on Krasovsky's ellipsoid."""
    x, y = lon - _ORIGIN_LON, lat - _ORIGIN_LAT
    both = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (both + _waves(x, 20, 40) + 150 * np.sin(np.pi * x / 12) + 300 * np.sin(np.pi * x / 30)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (both + _waves(y, 20, 40) + 160 * np.sin(np.pi * y / 12) + 320 * np.sin(np.pi * y / 30)) * 2 / 3
    rest = 1 - _ECCENTRICITY_SQUARED * np.sin(np.radians(lat)) ** 2
    metres_east = _AXIS / np.sqrt(rest) * np.cos(np.radians(lat))
    metres_north = _AXIS * (1 - _ECCENTRICITY_SQUARED) / (rest * np.sqrt(rest))
    return np.degrees(east / metres_east), np.degrees(north / metres_north)


def _waves(t: Degrees, short: float, long: float) -> Degrees:
    return short * np.sin(np.pi * t) + long * np.sin(np.pi * t / 3)


def _bd09_shift(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Degrees east and north from WGS 84 to BD-09: GCJ-02, turned and stretched a little, and moved."""
    east, north = _gcj02_shift(lon, lat)
    x, y = lon + east, lat + north
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BAIDU_WAVES)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BAIDU_WAVES)
    return radius * np.cos(angle) + 0.0065 - lon, radius * np.sin(angle) + 0.006 - lat


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Make the SQL functions that `sql` calls; may be repeated on one connection."""
    there = {row[0] for row in con.execute("select function_name from duckdb_functions()").fetchall()}
    for name in NAMES:
        if _function(name) not in there:
            con.create_function(_function(name), _unshifter(name), [BLOB], BLOB, type="arrow")  # type: ignore[arg-type]


def sql(expression: str, crs: str) -> str:
    """Return SQL that brings a geometry from GCJ-02 or BD-09 to EPSG:4490."""
    return f"st_geomfromwkb({_function(crs)}(st_aswkb({expression})))"


def _function(crs: str) -> str:
    return f"lg_from_{crs.replace('-', '').lower()}"


def _unshifter(crs: str) -> Callable[[pa.ChunkedArray], pa.Array]:
    def unshift(wkb: pa.ChunkedArray) -> pa.Array:
        shapes = shapely.from_wkb(np.array(wkb.to_pylist(), dtype=object))
        moved = shapely.transform(shapes, lambda x, y: to_cgcs2000(x, y, crs), interleaved=False)
        return pa.array(shapely.to_wkb(moved), pa.binary())

    return unshift
