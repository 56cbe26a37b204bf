"""Pairing of points with polygons: the project's own SQL against the clock, then against an independent method.

The statement is the macro `points_in_parcels` that the dbt models use. The judge is a crossing count in numpy that
shares nothing with it. Points that lie on a border, or nearer to one than floating point can tell, are left out of
the comparison; of all others every single one is compared.

    python benchmarks/pairing.py [--polygons 100000] [--points 1000000] [--seed 1]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import sys
import tempfile
import threading
import time
from pathlib import Path

import duckdb
import jinja2
import numpy as np
import psutil
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from landgauge.settings import DBT_PROJECT
from warehouse.db import extensions

WEST, SOUTH = 112.95, 22.45  # degrees; Guangzhou's corner
CELL = 0.0015  # degrees: a parcel has some 150 m each way
BORDER = 1e-11  # degrees, a micrometre: nearer to an edge, either answer is right
_CHUNK = 200_000  # pairs of point and edge looked at together

Shapes = NDArray[np.object_]
Numbers = NDArray[np.float64]


def statement(points: str, parcels: str) -> str:
    """Return the SQL of the dbt models that pair points with parcels, over two relations of these names."""
    source = (DBT_PROJECT / "macros" / "pairing.sql").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=False).from_string(source).module.points_in_parcels(points, parcels)


def polygons(count: int, rng: np.random.Generator) -> Shapes:
    """Return irregular quadrilaterals on a grid with jittered corners, so that all neighbours share a border.

    Every fifth cell stays empty; of the others every seventh has a hole, every eleventh a second part inside its
    right-hand neighbour, and every thirteenth overlaps its neighbours.
    """
    side = int(np.ceil(np.sqrt(count * 1.25)))
    grid = np.stack(np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0)), -1)
    grid += rng.uniform(-0.3, 0.3, grid.shape)
    corners = np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], 2).reshape(-1, 4, 2)
    corners = corners[np.arange(len(corners)) % 5 != 4][:count]
    middle = corners.mean(1, keepdims=True)
    number = np.arange(len(corners))
    corners = np.where((number % 13 == 12)[:, None, None], middle + 1.4 * (corners - middle), corners)
    shapes = shapely.polygons(_degrees(corners))
    holes = shapely.linearrings(_degrees(middle + 0.4 * (corners - middle)))
    holed = (number % 7 == 3) & shapely.contains_properly(shapes, holes)
    shapes[holed] = shapely.polygons(shapely.get_exterior_ring(shapes[holed]), holes[holed, None])
    islands = shapely.polygons(_degrees(middle + 0.1 * (corners - middle) + np.array([1.0, 0.0])))
    double = (number % 11 == 5) & ~holed & shapely.disjoint(shapes, islands)
    shapes[double] = [shapely.multipolygons(pair) for pair in zip(shapes[double], islands[double], strict=True)]
    return shapes


def _degrees(cells: Numbers) -> Numbers:
    return np.array([WEST, SOUTH]) + CELL * cells


def points(count: int, shapes: Shapes, rng: np.random.Generator) -> Numbers:
    """Return (count, 2) longitudes and latitudes over the polygons and around them; each hundredth is a corner."""
    side = int(np.ceil(np.sqrt(len(shapes) * 1.25)))
    places = _degrees(rng.uniform(-2.0, side + 2.0, (count, 2)))
    corners = shapely.get_coordinates(shapes)
    places[::100] = corners[rng.integers(0, len(corners), len(places[::100]))]
    return places


def pair(con: duckdb.DuckDBPyConnection, shapes: Shapes, places: Numbers) -> NDArray[np.int64]:
    """Return (pairs, 2) numbers of point and polygon, sorted, as the project's SQL finds them."""
    _load(con, shapes, places)
    con.execute(f"create table hits as {statement('points', 'parcels')}")
    found = con.execute("select uscc, parcel_code from hits order by all").fetchnumpy()
    return np.column_stack([found["uscc"], found["parcel_code"]]).astype(np.int64)


def _load(con: duckdb.DuckDBPyConnection, shapes: Shapes, places: Numbers) -> None:
    numbers = pa.array(np.arange(len(places)))
    con.register("given", pa.table({"uscc": numbers, "longitude": places[:, 0], "latitude": places[:, 1]}))
    con.execute("create table points as select * from given")
    wkb = pa.array(shapely.to_wkb(shapes), pa.binary())
    con.register("given", pa.table({"parcel_code": np.arange(len(shapes)), "geometry": wkb}))
    con.execute("create table parcels as select * from given")
    con.unregister("given")


def judge(shapes: Shapes, places: Numbers) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the pairs by crossing counts, sorted, and for each point whether it is too near a border to tell.

    Candidates come from a grid of the boxes; then each edge that a ray to the east crosses turns inside to outside.
    """
    edges, owner = _edges(shapes)
    point, polygon = _candidates(shapes, places)
    near = np.zeros(len(places), bool)
    inside = np.zeros(len(point), bool)
    first, last = np.searchsorted(owner, polygon), np.searchsorted(owner, polygon, side="right")
    for begin, end in _chunks(last - first):
        sizes = (last - first)[begin:end]
        which = np.repeat(np.arange(begin, end), sizes)
        start = np.repeat(first[begin:end] - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
        edge = edges[start + np.arange(sizes.sum())]
        crossed, close = _crossings(edge, places[point[which]])
        inside[begin:end] = np.bincount(which - begin, crossed, end - begin) % 2 == 1
        near[point[which[close]]] = True
    pairs = np.column_stack([point[inside], polygon[inside]])
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))], near


def _edges(shapes: Shapes) -> tuple[Numbers, NDArray[np.int64]]:
    """Every edge of every ring as (x0, y0, x1, y1), and the polygon that it belongs to, ascending."""
    parts, of_part = shapely.get_parts(shapes, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    xy, of_xy = shapely.get_coordinates(rings, return_index=True)
    same = of_xy[1:] == of_xy[:-1]
    return np.column_stack([xy[:-1], xy[1:]])[same], of_part[of_ring[of_xy[:-1][same]]]


def _candidates(shapes: Shapes, places: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Point and polygon where the point is in the box of a part, by a grid of cells."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    boxes = shapely.bounds(parts)
    low = np.floor((boxes[:, :2] - [WEST, SOUTH]) / CELL).astype(int)
    high = np.floor((boxes[:, 2:] - [WEST, SOUTH]) / CELL).astype(int)
    cell = np.floor((places - [WEST, SOUTH]) / CELL).astype(int)
    base = int(max(high.max(), cell.max())) + 10
    order = np.argsort(cell[:, 0] * base + cell[:, 1], kind="stable")
    keys = (cell[:, 0] * base + cell[:, 1])[order]
    found = []
    for dx in range(int((high - low)[:, 0].max()) + 1):
        for dy in range(int((high - low)[:, 1].max()) + 1):
            at = low + np.array([dx, dy])
            reached = np.flatnonzero((at <= high).all(1))
            key = at[reached, 0] * base + at[reached, 1]
            first, last = np.searchsorted(keys, key), np.searchsorted(keys, key, side="right")
            sizes = last - first
            start = np.repeat(first - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
            found.append(np.column_stack([order[start + np.arange(sizes.sum())], np.repeat(owner[reached], sizes)]))
    pairs = np.unique(np.concatenate(found), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _chunks(sizes: NDArray[np.int64]) -> list[tuple[int, int]]:
    total = np.cumsum(sizes)
    cuts = np.unique(np.searchsorted(total, np.arange(_CHUNK, total[-1] + _CHUNK, _CHUNK)) + 1) if len(sizes) else []
    ends = [int(min(cut, len(sizes))) for cut in cuts]
    return [(a, b) for a, b in zip([0, *ends], ends, strict=False) if a < b]


def _crossings(edge: Numbers, place: Numbers) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether a ray to the east crosses each edge, and whether the point is nearer to it than BORDER."""
    x0, y0, x1, y1 = edge.T
    x, y = place.T
    across = (y0 > y) != (y1 > y)
    side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
    length = np.hypot(x1 - x0, y1 - y0)
    along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / np.maximum(length, BORDER) ** 2
    close = (np.abs(side) <= BORDER * length) & (along >= -BORDER) & (along <= 1 + BORDER)
    return across & ((side > 0) == (y1 > y0)), close


def disagreements(one: NDArray[np.int64], other: NDArray[np.int64], near: NDArray[np.bool_]) -> int:
    """Return how many pairs only one of the two has, points near a border left out."""
    sets = [{(int(a), int(b)) for a, b in pairs[~near[pairs[:, 0]]]} for pairs in (one, other)]
    return len(sets[0] ^ sets[1])


class _Peak(threading.Thread):
    """The largest resident memory of this process while it works, in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.megabytes, self.done = 0.0, threading.Event()

    def run(self) -> None:
        process = psutil.Process()
        while not self.done.wait(0.02):
            self.megabytes = max(self.megabytes, process.memory_info().rss / 1e6)


def main() -> int:
    """Run the benchmark; returns 1 where the two methods disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polygons", type=int, default=100_000)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    shapes = polygons(options.polygons, rng)
    places = points(options.points, shapes, rng)
    peak, before = _Peak(), psutil.Process().memory_info().rss / 1e6
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(Path(folder) / "bench.duckdb")) as con:
        extensions(con)
        peak.start()
        begin = time.perf_counter()
        found = pair(con, shapes, places)
        seconds = time.perf_counter() - begin
        peak.done.set()
    begin = time.perf_counter()
    expected, near = judge(shapes, places)
    wrong = disagreements(found, expected, near)
    print(f"machine     {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
          f"DuckDB {duckdb.__version__}")  # fmt: skip
    print(f"size        {len(shapes):,} polygons, {len(places):,} points, seed {options.seed}")
    print(f"pairing     {seconds:.2f} s, peak {peak.megabytes:,.0f} MB ({before:,.0f} MB of it held before)")
    print(f"pairs       {len(found):,}, SHA-256 {hashlib.sha256(np.ascontiguousarray(found)).hexdigest()[:16]}")
    print(f"judge       {time.perf_counter() - begin:.1f} s, {int(near.sum()):,} points on a border")
    print(f"disagree    {wrong:,}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
