"""Geometry of source files: reading layers, their CRS, repair without loss, area in the city's projected CRS."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyogrio
from pyproj import CRS
from pyproj.exceptions import CRSError

from ingestion import shapefile
from ingestion.source import Part, Rejected, Request, fields_of, literal, relation_name
from landgauge.errors import ConfigurationError
from landgauge.profile import Profile

DECLARED_CRS = "EPSG:4490"  # what every published geometry is in
_ADVICE = "Name a projected CRS of the city, such as EPSG:4547."
LOSSLESS = 1e-6  # share of area that a repair may change
_GEOJSON_CRS = "EPSG:4326"  # RFC 7946, section 4
NO_GEOMETRY = (
    "cast(null as blob) as geometry, cast(null as double) as polygon_area_m2, cast(null as double) as centroid_lon, "
    "cast(null as double) as centroid_lat, cast(null as varchar) as geometry_error, "
    "cast(null as bigint) as polygon_parts, cast(null as varchar) as geometry_type"
)


def read_layer(con: duckdb.DuckDBPyConnection, request: Request) -> list[Part]:
    """Read a GeoPackage, GeoJSON or Shapefile layer into one relation with `wkb`, in file order.

    Raises Rejected where the layer cannot be read, or several layers stand and none is named.
    """
    try:
        path, encoding = _opened(request)
        layer = _layer(path, request)
        info = pyogrio.read_info(path, layer=layer, encoding=encoding)
        with pyogrio.open_arrow(path, layer=layer, use_pyarrow=True, encoding=encoding) as (meta, reader):
            return [_part(con, request, meta, reader, _layer_crs(info, request))]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, zipfile.BadZipFile) as error:
        raise Rejected("unreadable", f"图层无法读取 (the layer cannot be read): {error}") from error


def _opened(request: Request) -> tuple[Path, str | None]:
    if request.kind == "shp":
        return shapefile.unpack(request)
    return request.path, request.entry.encoding if request.entry else None


def _layer(path: Path, request: Request) -> str:
    if request.kind == "shp":
        return path.stem
    names = [str(name) for name, _ in pyogrio.list_layers(path)]
    wanted = request.entry.layer if request.entry else None
    if wanted is not None and wanted not in names:
        raise Rejected("unreadable", f"没有图层 {wanted} (layers: {', '.join(names)})")
    if wanted is None and len(names) != 1:
        spatial = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        if len(spatial) != 1:
            raise Rejected("unreadable", f"有多个图层, 须在 mapping.yml 指定 (name one layer: {', '.join(names)})")
        return spatial[0]
    return wanted or names[0]


def _layer_crs(info: dict[str, object], request: Request) -> str | None:
    given = info.get("crs")
    if given is None and request.name.lower().endswith(".geojson"):
        return _GEOJSON_CRS
    return str(given) if given and "Undefined" not in str(given) else None


def _part(
    con: duckdb.DuckDBPyConnection,
    request: Request,
    meta: dict[str, object],
    reader: pa.RecordBatchReader,
    crs: str | None,
) -> Part:
    geometry = str(meta.get("geometry_name") or "wkb_geometry")
    names = list(reader.schema.names)
    has_geometry = geometry in names
    plain = pa.schema([pa.field(f"n{i}", field.type) for i, field in enumerate(reader.schema)])
    con.register("layer", pa.RecordBatchReader.from_batches(plain, _renamed(reader, plain)))
    kept = [(f"n{i}", name) for i, name in enumerate(names) if name != geometry]
    columns = "".join(f", {source} as c{i}" for i, (source, _) in enumerate(kept, start=1))
    wkb = f", n{names.index(geometry)} as wkb" if has_geometry else ""
    relation = relation_name(1)
    con.execute(
        f"create or replace temp table {relation} as "
        f"select row_number() over () as row_no{columns}, cast(null as varchar) as extra{wkb} from layer"
    )
    con.unregister("layer")
    types = relation_types(con, relation)
    fields = fields_of([name for _, name in kept], [types[f"c{i}"] for i in range(1, len(kept) + 1)])
    return Part(relation, fields, has_geometry=has_geometry, crs=crs)


def _renamed(reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    # without its extension type a geometry column stays bytes, so that one broken shape does not end the scan
    for batch in reader:
        arrays = [a.storage if isinstance(a, pa.ExtensionArray) else a for a in batch.columns]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def relation_types(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Return column names and DuckDB types of a relation."""
    return {row[0]: row[1] for row in con.execute(f"describe {relation}").fetchall()}


def measure(con: duckdb.DuckDBPyConnection, part: Part, request: Request, profile: Profile) -> str:
    """Return a relation with the part's columns and geometry, areas, centroid, error and form of each row.

    Coordinates leave in EPSG:4490; `geometry_error` is NULL, `geometry` or `extent`. Without geometry all are NULL.
    Raises Rejected where neither the file nor the mapping says in which CRS the coordinates are.
    """
    measured = f"{part.relation}_measured"
    if not part.has_geometry:
        con.execute(f"create or replace temp view {measured} as select *, {NO_GEOMETRY} from {part.relation}")
        return measured
    crs = _pyproj_name(request.feed.crs or part.crs)
    con.execute(f"create or replace temp table {measured} as {_measuring_sql(part.relation, crs, profile)}")
    con.execute(f"drop table if exists {part.relation}") if _is_table(con, part.relation) else None
    return measured


def _is_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    sql = "select count(*) from duckdb_tables() where temporary and table_name = ?"
    return con.execute(sql, [name]).fetchall()[0][0] > 0


def _pyproj_name(crs: str | None) -> str:
    if crs is None:
        raise Rejected("crs", "文件未声明坐标系, mapping.yml 也未给出 (neither file nor mapping names the CRS)")
    try:
        found = CRS.from_user_input(crs)
    except CRSError as error:
        raise Rejected("crs", f"坐标系无法识别 (unknown CRS): {str(crs)[:80]}") from error
    authority = found.to_authority(min_confidence=90)
    return ":".join(authority) if authority else found.to_wkt()


_MEASURING = """
with read_shapes as (
    select *, try(st_force2d(st_geomfromwkb(wkb))) as given from {relation}
),
known as (
    select *, try(cast(st_geometrytype(given) as varchar)) as form, try(st_isvalid(given)) as valid,
    from read_shapes
),
repaired as (
    select
        *,
        case
            when form not in ('POLYGON', 'MULTIPOLYGON') or st_isempty(given) then null
            when valid then given
            else try(st_makevalid(given))
        end as whole,
    from known
),
judged as (
    select
        *,
        case
            when valid then whole
            when cast(st_geometrytype(whole) as varchar) in ('POLYGON', 'MULTIPOLYGON')
                and abs(st_area(whole) - st_area(given)) <= {lossless} * st_area(whole) then whole
        end as shape,
    from repaired
),
placed as (
    select
        *,
        try({to_declared}) as lonlat,
        try({to_plane}) as plane,
    from (select *, case when form = 'POINT' and not st_isempty(given) then given else shape end as place from judged)
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
    cast(st_numgeometries(given) as bigint) as polygon_parts,
    form as geometry_type,
from centred"""  # shape as read, repaired, and placed; each step once


def _measuring_sql(relation: str, crs: str, profile: Profile) -> str:
    west, south, east, north = profile.extent
    plane = profile.projected_crs
    return _MEASURING.format(
        relation=relation,
        west=west,
        south=south,
        east=east,
        north=north,
        lossless=LOSSLESS,
        unit_area=_square_metres(plane),
        to_declared=transform("place", crs, DECLARED_CRS),
        to_plane=transform("place", crs, plane),
        to_centre=transform("st_centroid(plane)", plane, DECLARED_CRS),
    )


def _square_metres(projected_crs: str) -> float:
    """How many square metres a unit of area of the CRS is: a city may be measured in feet."""
    try:
        crs = CRS.from_user_input(projected_crs)
    except CRSError as error:
        raise ConfigurationError(f"city.yml: projected_crs: {projected_crs!r} is no CRS", _ADVICE) from error
    if not crs.is_projected:
        raise ConfigurationError(f"city.yml: projected_crs: {projected_crs!r} is not projected", _ADVICE)
    return float(crs.axis_info[0].unit_conversion_factor) ** 2


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


def transform(expression: str, source: str, target: str) -> str:
    """Return SQL that brings a geometry from one CRS to another, longitude (or easting) first."""
    if source == target:
        return expression
    return f"st_transform({expression}, {literal(source)}, {literal(target)}, always_xy := true)"
