"""The map of parcels: WKB polygons as SVG paths on a grid of whole numbers, north up.

Projection: equirectangular, x = (lon − west) · cos(middle latitude), y = north − lat; true in distance to about
1 ‰ over a city, enough for a picture and its scale bar.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from reporting.charts import round_step
from reporting.marts import Marts, Row
from reporting.scores import Result, label

METRES_PER_DEGREE = 111_195.0  # of latitude, on a sphere of the mean earth radius 6,371,008.8 m
GRID = 100_000  # cells along the longer side
PARCELS_WITH_LABELS = 20_000  # above it: simpler outlines, one path a grade
MOST_CHARACTERS = 9_000_000  # of all outlines together, so that the page stays below 15 MB
NARROWEST, WIDEST = 0.55, 1.25  # height : width of the drawing


@dataclass(frozen=True)
class Shape:
    """A parcel in the drawing: SVG path data and what a pointer is told."""

    path: str
    title: str


@dataclass(frozen=True)
class Layer:
    """The parcels of one grade (place 0 = best; None: not rated): single shapes, or all in one path."""

    label: str
    place: int | None
    n: int
    drawn: int
    shapes: list[Shape]
    path: str


@dataclass(frozen=True)
class Label:
    """A district's name at the middle of its parcels, and the box (x, y, width, height) that holds them."""

    x: int
    y: int
    name: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class ParcelMap:
    """A drawing of width × height cells; one cell is `metres` wide."""

    width: int
    height: int
    metres: float
    layers: list[Layer]
    labels: list[Label]
    scale_label: str
    scale_percent: float
    without_polygon: int
    total: int
    drawn: int
    simplified: bool


@dataclass(frozen=True)
class Frame:
    """Where the drawing lies: degrees of its north-west corner, and cells per degree."""

    west: float
    north: float
    per_lon: float
    per_lat: float
    width: int
    height: int

    def cells(self, lonlat: np.ndarray) -> np.ndarray:
        """Return (n, 2) whole cell coordinates of (n, 2) longitudes and latitudes."""
        x, y = (lonlat[:, 0] - self.west) * self.per_lon, (self.north - lonlat[:, 1]) * self.per_lat
        return np.rint(np.column_stack([x, y])).astype(np.int64)


_PARCELS = """
select p.parcel_code, p.geometry, p.district_code, coalesce(n.name_zh, p.district_code) as district_name,
    s.score, s.grade, s.grade_name_zh as grade_name, coalesce(s.rated, false) as rated,
    nullif(u.name_zh, p.parcel_code) as name_zh
from dim_parcel as p
left join fct_score as s
    on s.scale = 'parcel' and s.unit_code = p.parcel_code and s.scheme_code = ? and s.scheme_version = ?
left join dim_unit as u on u.scale = 'parcel' and u.unit_code = p.parcel_code
left join dim_unit as n on n.scale = 'district' and n.unit_code = p.district_code
where p.is_industrial
order by p.parcel_code
"""


def parcel_map(marts: Marts, result: Result | None) -> ParcelMap | None:
    """Return the map of the year's industrial parcels, coloured by a result's grades; None without any polygon."""
    version = (result.scheme_code, result.scheme_version) if result else ("", "")
    found = marts.rows(_PARCELS, version)
    rows = [r for r in found if r["geometry"] is not None]
    shapes = shapely.from_wkb([bytes(r["geometry"]) for r in rows], on_invalid="ignore") if rows else np.array([])
    good = [
        i
        for i, g in enumerate(shapes)
        if g is not None and not g.is_empty and g.geom_type.endswith("Polygon") and _finite(g)
    ]
    if not good:
        return None
    rows, shapes = [rows[i] for i in good], shapes[good]
    frame = frame_of(shapely.total_bounds(shapes))
    simplified = len(rows) > PARCELS_WITH_LABELS
    if simplified:
        shapes = shapely.simplify(shapes, 1.5 * GRID / 5000 / frame.per_lat)
    paths = _thin(paths_of(shapes, frame))
    layers = _layers(rows, paths, result, simplified)
    metres = METRES_PER_DEGREE / frame.per_lat
    length = bar_metres(frame.width * metres)
    return ParcelMap(
        width=frame.width,
        height=frame.height,
        metres=metres,
        layers=layers,
        labels=_labels(rows, shapes, frame),
        scale_label=f"{length / 1000:g} 公里" if length >= 1000 else f"{length:g} 米",
        scale_percent=round(100 * length / (frame.width * metres), 3),
        without_polygon=len(found) - len(rows),
        total=len(rows),
        drawn=sum(layer.drawn for layer in layers),
        simplified=simplified,
    )


def _finite(shape: shapely.Geometry) -> bool:
    return all(map(math.isfinite, shape.bounds))


def bar_metres(width_m: float) -> float:
    """Return the longest round length of at most a quarter of the drawing's width."""
    step = round_step(width_m / 4, 1)
    return step if step <= width_m / 4 else next(f * step for f in (0.5, 0.4) if f * step <= width_m / 4)


def frame_of(bounds: Sequence[float]) -> Frame:
    """Return the frame that holds bounds (west, south, east, north in degrees) with a small margin."""
    west, south, east, north = map(float, bounds)
    cosine = math.cos(math.radians((south + north) / 2))
    width, height = (east - west) * cosine, north - south
    side = max(width, height, 1e-6)
    width, height = max(width, 0.02 * side) * 1.06, max(height, 0.02 * side) * 1.06
    if height > WIDEST * width:
        width = height / WIDEST
    if height < NARROWEST * width:
        height = NARROWEST * width
    per_lat = GRID / max(width, height)
    return Frame(
        west=(west + east) / 2 - width / cosine / 2,
        north=(south + north) / 2 + height / 2,
        per_lon=per_lat * cosine,
        per_lat=per_lat,
        width=round(width * per_lat),
        height=round(height * per_lat),
    )


def paths_of(shapes: np.ndarray, frame: Frame) -> list[str]:
    """Return the SVG path data of each shape: every ring, holes included (fill rule evenodd)."""
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    points, point_of = shapely.get_coordinates(rings, return_index=True)
    cells = frame.cells(points)
    ends = np.searchsorted(point_of, np.arange(len(rings) + 1))
    owner = part_of[ring_of]
    paths = [""] * len(shapes)
    for ring in range(len(rings)):
        paths[owner[ring]] += _ring(cells[ends[ring] : ends[ring + 1] - 1])
    return paths


def _ring(cells: np.ndarray) -> str:
    """Return a ring as relative moves; a ring that shrinks into one cell keeps a visible dot."""
    steps = np.diff(cells, axis=0)
    steps = steps[np.any(steps != 0, axis=1)]
    moves = " ".join(f"{dx} {dy}" for dx, dy in steps.tolist()) or "1 0 0 1"
    return f"M{cells[0, 0]} {cells[0, 1]}l{moves}z".replace(" -", "-")


def _thin(paths: list[str]) -> list[str | None]:
    """Keep every k-th outline (in order of parcel code) when all of them would make the page too heavy."""
    every = math.ceil(sum(map(len, paths)) / MOST_CHARACTERS)
    return [p if i % max(every, 1) == 0 else None for i, p in enumerate(paths)]


def _layers(rows: list[Row], paths: list[str | None], result: Result | None, joined: bool) -> list[Layer]:
    grades = {g.grade: g for g in result.grades} if result else {}
    by_grade: dict[str | None, list[int]] = {None: []} | {grade: [] for grade in grades}
    for i, row in enumerate(rows):
        by_grade[row["grade"] if row["rated"] and row["grade"] in grades else None].append(i)
    layers = []
    for grade, members in by_grade.items():
        shapes = [Shape(path, _title(rows[i])) for i in members if (path := paths[i]) is not None]
        layers.append(
            Layer(
                label=grades[grade].label if grade in grades else "未评级",
                place=grades[grade].place if grade in grades else None,
                n=len(members),
                drawn=len(shapes),
                shapes=[] if joined else shapes,
                path="".join(s.path for s in shapes) if joined else "",
            )
        )
    return layers


def _title(row: Row) -> str:
    name = f" {row['name_zh']}" if row["name_zh"] else ""
    rated = row["rated"] and row["score"] is not None
    state = f"{label(row['grade'], row['grade_name'])}，{row['score']:.2f} 分" if rated else "未评级"
    return f"{row['parcel_code']}{name}（{row['district_name']}）：{state}"


def _labels(rows: list[Row], shapes: np.ndarray, frame: Frame) -> list[Label]:
    middles = frame.cells(shapely.get_coordinates(shapely.centroid(shapes)))
    districts: dict[tuple[str, str], list[int]] = {}
    for i, row in enumerate(rows):
        districts.setdefault((row["district_code"] or "", row["district_name"] or ""), []).append(i)
    return [_label(name, middles[members]) for (_, name), members in sorted(districts.items()) if name]


def _label(name: str, middles: np.ndarray) -> Label:
    (west, north), (east, south) = middles.min(axis=0).tolist(), middles.max(axis=0).tolist()
    x, y = np.median(middles, axis=0).astype(int).tolist()
    return Label(x, y, name, (west, north, east - west, south - north))
