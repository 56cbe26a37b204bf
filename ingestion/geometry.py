"""Geometry of source files: their CRS, repair without loss, area in the city's projected CRS."""

from __future__ import annotations

import re
import struct

import duckdb
import numpy as np
import pyarrow as pa
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from ingestion import offsets, placement
from ingestion.crs import DECLARED_CRS, resolve, transform
from ingestion.source import Part, Rejected, Request
from landgauge.errors import ConfigurationError
from landgauge.profile import Profile

__all__ = ["DECLARED_CRS", "measure", "metres_a_unit", "transform", "within_parcels"]

_ADVICE = "Name a projected CRS of the city, such as EPSG:4547."
LOSSLESS = 1e-6  # share of area that a repair may change
NO_GEOMETRY = (
    "cast(null as blob) as geometry, cast(null as double) as polygon_area_m2, cast(null as double) as centroid_lon, "
    "cast(null as double) as centroid_lat, cast(null as varchar) as geometry_error, "
    "cast(null as varchar) as geometry_fault, cast(null as bigint) as polygon_parts, "
    "cast(null as varchar) as geometry_type"
)
FAULTS = {
    "unreadable": ("字节无法解析为图形。", "The bytes are no shape.", "在 GIS 软件中检查该图形后重新导出。"),
    "curve": (
        "图形含圆弧，尚不支持。",
        "The shape has arcs, which are not read.",
        "先把圆弧转为折线（如 QGIS“线段化”、ogr2ogr -nlt CONVERT_TO_LINEAR），再重新报送。",
    ),
    "empty": ("图形为空。", "The shape is empty.", "补绘宗地图形，或留空该图形后重新报送。"),
    "kind": ("不是面。", "It is no polygon.", "宗地须为面（Polygon 或 MultiPolygon），请改正后重新报送。"),
    "flat": ("面积为零。", "Its area is zero.", "核对界址点后重新报送。"),
    "number": ("坐标中有非数字（NaN）或无穷大。", "A coordinate is not finite.", "改正该顶点坐标后重新报送。"),
    "lossy": (
        "边界自相交、重叠或洞在界外，修复会改变面积。",
        "It crosses or overlaps itself, or a hole lies outside; a repair would change the area.",
        "在 GIS 软件中修复自相交、重叠部分和洞，再重新报送。",
    ),
}  # fault: what it means, in Chinese and English, and what to do
_CURVES = frozenset(base + kind for base in (0, 1000, 2000, 3000) for kind in (8, 9, 10, 11))  # ISO 13249-3 WKB
_MULTISURFACE, _MULTIPOLYGON = 12, 6
_ARC = re.compile(rb"\x01(?:[\x08-\x0a]\x00|[\xf0-\xf2]\x03)\x00|\x00\x00\x00(?:\x00[\x08-\x0a]|\x03[\xf0-\xf2])")
_GROUP = re.compile(rb"\x01[\x04-\x07]\x00\x00|\x00\x00\x00[\x04-\x07]")
_MOST_GROUPS = 1000  # collections in one shape: GEOS reads each inside the other, and its stack has an end
_MENDED = "lg_mended"


def measure(con: duckdb.DuckDBPyConnection, part: Part, request: Request, profile: Profile) -> str:
    """Return a relation with the part's columns and geometry, areas, centroid, error, fault and form of each row.

    Coordinates leave in EPSG:4490; `geometry_error` is NULL, `geometry` or `extent`. Without geometry all are NULL.
    `<relation>_misplaced` and `<relation>_explained` say why (see `placement`). Raises Rejected where neither the
    file nor the mapping says in which CRS the coordinates are.
    """
    measured = f"{part.relation}_measured"
    if offsets.known(request.feed.crs) is not None:
        offsets.register(con)
    if not part.has_geometry:
        con.execute(f"create or replace temp view {measured} as select *, {NO_GEOMETRY} from {part.relation}")
        return measured
    crs = _declared(request, part)
    swapped = request.feed.axes == "swapped"
    _register(con)
    con.execute(f"create or replace temp table {measured} as {_measuring_sql(part.relation, crs, swapped, profile)}")
    placement.judge_shapes(con, part, measured, crs, swapped, profile)
    explained = placement.explained_sql(part, measured, FAULTS)
    con.execute(f"create or replace temp view {part.relation}_explained as {explained}")
    con.execute(f"drop table if exists {part.relation}") if _is_table(con, part.relation) else None
    return measured


def _declared(request: Request, part: Part) -> str:
    crs = request.feed.crs or part.crs
    if crs is None:
        raise Rejected("crs", "文件未声明坐标系, mapping.yml 也未给出 (neither file nor mapping names the CRS)")
    try:
        return resolve(crs)
    except CRSError as error:
        raise Rejected("crs", f"坐标系无法识别 (unknown CRS): {crs[:80]}") from error


def _is_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    sql = "select count(*) from duckdb_tables() where temporary and table_name = ?"
    return con.execute(sql, [name]).fetchall()[0][0] > 0


def _register(con: duckdb.DuckDBPyConnection) -> None:
    """Make the SQL function for shapes that are not sound as they come; may be repeated on one connection."""
    sql = f"select count(*) from duckdb_functions() where function_name = '{_MENDED}'"
    if not con.execute(sql).fetchall()[0][0]:
        kind = duckdb.struct_type({"shape": "blob", "fault": "varchar"})
        con.create_function(_MENDED, _mend_all, ["blob"], kind, type="arrow")  # type: ignore[list-item, arg-type]


def _mend_all(shapes: pa.ChunkedArray) -> pa.Array:
    pairs = [mend(wkb) for wkb in shapes.to_pylist()]
    rows = [{"shape": shape, "fault": fault} for shape, fault in pairs]
    return pa.array(rows, pa.struct([("shape", pa.binary()), ("fault", pa.string())]))


@np.errstate(invalid="ignore")
def mend(wkb: bytes) -> tuple[bytes | None, str | None]:
    """Return the valid (multi)polygon of the same area as WKB, or None and the fault (a key of FAULTS).

    Mended are unclosed rings, spikes, rings that touch themselves, parts that share a border, surfaces without arcs
    and collections of polygons; whatever would change the area by more than LOSSLESS is not.
    """
    shape, fault = _read(wkb)
    if shape is None or shape.is_empty:
        return None, fault or "empty"
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return None, "number"
    polygons = _polygons(shape)
    if polygons is None:
        return None, "kind"
    whole = polygons if polygons.is_valid else _valid(polygons)
    if whole is None:
        return None, "lossy" if shapely.area(shapely.make_valid(polygons)) > 0 else "flat"
    return shapely.to_wkb(whole), None


def _read(wkb: bytes) -> tuple[shapely.Geometry | None, str | None]:
    """The shape in the plane, rings closed, or why there is none."""
    kind = _kind(wkb)
    if len(_GROUP.findall(wkb)) > _MOST_GROUPS:
        return None, "unreadable"
    surface = kind % 1000 == _MULTISURFACE
    try:
        shape = shapely.from_wkb(_as_multipolygon(wkb) if surface else wkb, on_invalid="fix")
    except NotImplementedError:  # GEOS reads arcs, shapely does not
        shape = None
    if shape is None:
        return None, "curve" if kind in _CURVES or (surface and _ARC.search(wkb)) else "unreadable"
    return shapely.force_2d(shape), None


def _kind(wkb: bytes) -> int:
    """The WKB's type with its thousands, without the flags of EWKB; 0 where there is none."""
    if len(wkb) < 5 or wkb[0] > 1:
        return 0
    return struct.unpack("<I" if wkb[0] else ">I", wkb[1:5])[0] & 0x0FFFFFFF


def _as_multipolygon(wkb: bytes) -> bytes:
    """A surface of polygons has the layout of a multipolygon; one with arcs is still refused."""
    order = "<I" if wkb[0] else ">I"
    kind = struct.unpack(order, wkb[1:5])[0] - _MULTISURFACE + _MULTIPOLYGON
    return wkb[:1] + struct.pack(order, kind) + wkb[5:]


def _polygons(shape: shapely.Geometry) -> shapely.Geometry | None:
    """The shape as a (multi)polygon; None where anything in it is no polygon."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    if shape.geom_type != "GeometryCollection":
        return None
    parts = [_polygons(part) for part in shapely.get_parts(shape) if not part.is_empty]
    if any(part is None for part in parts):
        return None
    return _joined(shapely.get_parts(parts))


def _joined(polygons: np.ndarray) -> shapely.Geometry:
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)


def _valid(shape: shapely.Geometry) -> shapely.Geometry | None:
    """The valid shape of the same area, by either method of GEOS; lines and points that are left over have none."""
    for options in ({"method": "linework"}, {"method": "structure", "keep_collapsed": False}):
        made = shapely.get_parts(shapely.get_parts(shapely.make_valid(shape, **options)))
        polygons = made[shapely.area(made) > 0]
        area = float(shapely.area(polygons).sum())
        if len(polygons) and abs(area - shape.area) <= LOSSLESS * area:
            return _joined(polygons)
    return None


_MEASURING = """
with read_shapes as (
    select *, try(st_force2d(st_geomfromwkb(wkb))) as given from {relation}
),
known as (
    select *, try(cast(st_geometrytype(given) as varchar)) as form, try(st_isvalid(given)) as valid,
    from read_shapes
),
judged as (
    select
        *,
        case
            when wkb is null then null
            when form in ('POLYGON', 'MULTIPOLYGON') and valid and not st_isempty(given)
                then {{'shape': null, 'fault': null}}
            when form not in ('POLYGON', 'MULTIPOLYGON', 'GEOMETRYCOLLECTION')
                then {{'shape': null, 'fault': case when st_isempty(given) then 'empty' else 'kind' end}}
            else {mended}(wkb)
        end as mended,
    from known
),
repaired as (
    select
        * exclude (mended),
        mended.fault as geometry_fault,
        case
            when mended.fault is not null then null
            when mended.shape is not null then st_geomfromwkb(mended.shape)
            else given
        end as shape,
    from judged
),
placed as (
    select
        *,
        try({to_declared}) as lonlat,
        try({to_plane}) as plane,
    from (
        select *, {turned} as place
        from (select *, case when form = 'POINT' and not st_isempty(given) then given else shape end as whole
        from repaired)
    )
),
centred as (
    select *, try({to_centre}) as centre from placed
)
select
    * exclude (wkb, given, form, valid, whole, shape, place, lonlat, plane, centre),
    st_aswkb(lonlat) as geometry,
    case when shape is not null and isfinite(st_area(plane)) then {unit_area} * st_area(plane) end as polygon_area_m2,
    case when isfinite(st_x(centre)) then st_x(centre) end as centroid_lon,
    case when isfinite(st_y(centre)) then st_y(centre) end as centroid_lat,
    case
        when wkb is null then null
        when shape is null then 'geometry'
        when not coalesce(
            st_xmin(lonlat) >= {west} and st_xmax(lonlat) <= {east}
            and st_ymin(lonlat) >= {south} and st_ymax(lonlat) <= {north}, false
        ) then 'extent'
    end as geometry_error,
    cast(st_numgeometries(coalesce(shape, given)) as bigint) as polygon_parts,
    form as geometry_type,
from centred"""  # shape as read, repaired, and placed; each step once


def _measuring_sql(relation: str, crs: str, swapped: bool, profile: Profile) -> str:
    west, south, east, north = profile.extent
    plane = profile.projected_crs
    return _MEASURING.format(
        relation=relation,
        west=west,
        south=south,
        east=east,
        north=north,
        mended=_MENDED,
        turned="st_flipcoordinates(whole)" if swapped else "whole",
        unit_area=metres_a_unit(plane) ** 2,
        to_declared=transform("place", crs, DECLARED_CRS),
        to_plane=transform("place", crs, plane),
        to_centre=transform("st_centroid(plane)", plane, DECLARED_CRS),
    )


def metres_a_unit(projected_crs: str) -> float:
    """Return how many metres a unit of the city's projected CRS is: a city may be measured in feet.

    Raises ConfigurationError where it is no CRS, or not projected.
    """
    try:
        crs = CRS.from_user_input(projected_crs)
    except CRSError as error:
        raise ConfigurationError(f"city.yml: projected_crs: {projected_crs!r} is no CRS", _ADVICE) from error
    if not crs.is_projected:
        raise ConfigurationError(f"city.yml: projected_crs: {projected_crs!r} is not projected", _ADVICE)
    return float(crs.axis_info[0].unit_conversion_factor)


def within_parcels(con: duckdb.DuckDBPyConnection, relation: str, year: int, has_geometry: bool, column: str) -> str:
    """Return a relation with one more column: the accepted parcel that holds a point of the row's geometry, or NULL.

    The point is on the surface of a polygon; of several parcels the first by code is taken.
    """
    paired = f"{relation}_paired"
    if not has_geometry:
        con.execute(
            f"create or replace temp view {paired} as select *, cast(null as varchar) as {column} from {relation}"
        )
        return paired
    # the join first, alone: with more conditions it can be planned as a quadratic one
    con.execute(
        f"create or replace temp table {relation}_pairs as select s.row_no, p.parcel_code from "
        f"(select row_no, st_pointonsurface(st_geomfromwkb(geometry)) as point from {relation} "
        "where geometry is not null) as s "
        "join (select parcel_code, st_geomfromwkb(geometry) as shape from accepted.parcels "
        f"where data_year = {year} and geometry is not null) as p on st_contains(p.shape, s.point)"
    )
    con.execute(
        f"create or replace temp view {paired} as select s.*, p.{column} from {relation} as s left join "
        f"(select row_no, min(parcel_code) as {column} from {relation}_pairs group by row_no) as p using (row_no)"
    )
    return paired
