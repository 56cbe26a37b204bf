"""Polygons: CRS from file or mapping, true areas, repair without loss, extent, broken shapes."""

from __future__ import annotations

import json
import struct
import zipfile

import duckdb
import numpy as np
import pyogrio
import pytest
import shapely
from landings import P1, P2, P3, City
from pyproj import Transformer
from shapely.geometry import MultiPolygon, Polygon

from ingestion.geometry import mend

BOX = Polygon([(430000, 2550000), (430100, 2550000), (430100, 2550100), (430000, 2550100)])  # EPSG:4547, 1 ha


def write(path, shapes, codes, crs="EPSG:4547", area=10_000.0, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    n = len(shapes)
    fields = [np.array(codes, object), np.array(["440112"] * n, object), np.array(["M1"] * n, object), np.full(n, area)]
    wkb = np.array([None if s is None else s if isinstance(s, bytes) else shapely.to_wkb(s) for s in shapes], object)
    names = ["宗地代码", "行政区代码", "土地用途代码", "宗地面积"]
    pyogrio.raw.write(path, wkb, fields, names, crs=crs, geometry_type="Unknown", **options)


def city_with(tmp_path, shapes, name="a.gpkg", crs="EPSG:4547", mapping=None, **options) -> City:
    city = City(tmp_path)
    write(city.landing / "parcels" / "2024" / name, shapes, [P1, P2, P3][: len(shapes)], crs, **options)
    if mapping:
        city.put({"mapping.yml": mapping})
    city.ingest()
    return city


def rules(city: City) -> list[tuple[int, str]]:
    return city.rules("parcels")


def test_area_is_true_square_metres_and_the_centre_is_in_degrees(tmp_path):
    city = city_with(tmp_path, [BOX])
    area, lon, lat, wkb = city.ask(
        "select polygon_area_m2, centroid_lon, centroid_lat, geometry from accepted.parcels"
    )[0]
    expected = Transformer.from_crs("EPSG:4547", "EPSG:4490", always_xy=True).transform(430050, 2550050)
    assert area == pytest.approx(10_000, rel=1e-9)
    assert (lon, lat) == pytest.approx(expected, abs=1e-9)
    assert shapely.from_wkb(bytes(wkb)).bounds[0] == pytest.approx(expected[0], abs=1e-3)


def test_a_city_measured_in_feet(tmp_path):
    city = City(tmp_path).put(
        {"city.yml": "projected_crs: '+proj=tmerc +lon_0=114 +x_0=500000 +ellps=GRS80 +units=ft'\n"}
    )
    write(city.landing / "parcels" / "2024" / "a.gpkg", [BOX], [P1])
    city.ingest()
    assert city.ask("select polygon_area_m2 from accepted.parcels")[0][0] == pytest.approx(10_000, rel=1e-6)


def test_web_mercator_does_not_inflate(tmp_path):
    to_mercator = Transformer.from_crs("EPSG:4547", "EPSG:3857", always_xy=True).transform
    shape = shapely.transform(BOX, lambda xy: np.column_stack(to_mercator(xy[:, 0], xy[:, 1])))
    assert shape.area > 11_000
    city = city_with(tmp_path, [shape], crs="EPSG:3857")
    assert city.ask("select polygon_area_m2 from accepted.parcels")[0][0] == pytest.approx(10_000, rel=1e-6)


def test_shapes_that_are_refused_or_mended(tmp_path):
    x, y = 430000, 2550000
    bow_tie = Polygon([(x, y), (x + 100, y + 100), (x + 100, y), (x, y + 100)])
    touching = shapely.from_wkt(  # a ring that touches itself: invalid, mended without a change of area
        f"POLYGON(({x} {y}, {x + 100} {y}, {x + 100} {y + 100}, {x + 50} {y + 50}, {x + 20} {y + 80}, "
        f"{x + 50} {y + 50}, {x} {y + 100}, {x} {y}))"
    )
    assert not touching.is_valid
    height = shapely.force_3d(BOX, 7)
    city = city_with(tmp_path, [bow_tie, height, MultiPolygon([BOX])])
    assert rules(city) == [(1, "geometry:geometry")]
    assert city.ask("select count(*) from accepted.parcels where polygon_area_m2 between 9999 and 10001") == [(2,)]


@pytest.mark.parametrize(
    ("shape", "rule"),
    [
        (shapely.Point(430000, 2550000), "geometry:geometry"),
        (shapely.from_wkt("POLYGON EMPTY"), "geometry:geometry"),
        (shapely.affinity.translate(BOX, 400_000), "extent:geometry"),
        (Polygon([(1e30, 1), (2e30, 1), (2e30, 2e30)]), "extent:geometry"),
    ],
)
def test_refused(tmp_path, shape, rule):
    city = city_with(tmp_path, [shape, BOX])
    assert (1, rule) in rules(city)
    assert city.ask("select parcel_code from accepted.parcels") == [(P2,)]


def test_a_row_without_a_shape_is_no_error(tmp_path):
    city = city_with(tmp_path, [None, BOX])
    assert rules(city) == []
    assert city.ask("select count(*) from accepted.parcels where geometry is null and polygon_area_m2 is null") == [
        (1,)
    ]


def test_bytes_that_are_no_shape_quarantine_their_row_only(tmp_path):
    path = tmp_path / "landing" / "parcels" / "2024" / "a.parquet"
    path.parent.mkdir(parents=True)
    duckdb.sql(
        f"select unnest(['{P1}', '{P2}']) as parcel_code, '440112' as district_code, 'M1' as land_use_code, "
        "10000.0 as site_area_m2, "
        f"unnest(['\\x01\\x02'::blob, from_hex('{shapely.to_wkb(BOX, hex=True)}')]) as geometry"
    ).write_parquet(str(path))
    city = City(tmp_path)
    city.ingest()
    assert rules(city) == [(0, "file:crs")]
    city.put({"mapping.yml": "- {files: 'parcels/2024/*', datasets: {parcels: {crs: EPSG:4547}}}"})
    city.ingest()
    assert rules(city) == [(1, "geometry:geometry")]


def test_geoparquet_says_its_crs(tmp_path):
    path = tmp_path / "landing" / "parcels" / "2024" / "a.parquet"
    path.parent.mkdir(parents=True)
    city = City(tmp_path)
    with city.open() as con:
        con.execute(
            f"copy (select '{P1}' as parcel_code, '440112' as district_code, 'M1' as land_use_code, "
            f"10000.0 as site_area_m2, st_setcrs(st_geomfromtext('{BOX.wkt}'), 'EPSG:4547') as geometry) "
            f"to '{path}' (format parquet)"
        )
    city.ingest()
    assert city.ask("select polygon_area_m2 from accepted.parcels")[0][0] == pytest.approx(10_000, rel=1e-9)


def test_geojson_without_a_crs_is_wgs84(tmp_path):
    ring = [[113.3, 23.1], [113.301, 23.1], [113.301, 23.101], [113.3, 23.101], [113.3, 23.1]]
    feature = {
        "type": "Feature",
        "properties": {"宗地代码": P1, "行政区代码": "440112", "土地用途代码": "M1", "宗地面积": 11350},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    city = City(tmp_path).put(
        {"parcels/2024/a.geojson": json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False)}
    )
    city.ingest()
    assert city.ask("select polygon_area_m2 from accepted.parcels")[0][0] == pytest.approx(11_350, rel=0.01)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # field names are cut at ten bytes: what is tested
@pytest.mark.parametrize(
    ("zipped", "encoding", "declared"),
    [(False, "GB18030", True), (True, "UTF-8", True), (True, "GB18030", False), (False, "UTF-8", False)],
)
def test_shapefile_with_sidecars_or_zipped(tmp_path, zipped, encoding, declared):
    city = City(tmp_path)
    folder = city.landing / "parcels" / "2024"
    write(folder / "a.shp", [BOX], [P1], encoding=encoding)
    if not declared:
        (folder / "a.cpg").unlink(missing_ok=True)
    if zipped:
        with zipfile.ZipFile(folder / "lots.zip", "w") as archive:
            for path in sorted(folder.glob("a.*")):
                archive.write(path, f"shapes/{path.name}")
                path.unlink()
    city.ingest()
    name = "parcels/2024/lots.zip" if zipped else "parcels/2024/a.shp"
    assert city.ledger() == {name: ("loaded", 1, 1, 0, 0)}
    assert city.ask("select polygon_area_m2 from accepted.parcels")[0][0] == pytest.approx(10_000, rel=1e-9)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_shapefile_without_prj_needs_the_mapping(tmp_path):
    city = City(tmp_path)
    folder = city.landing / "parcels" / "2024"
    write(folder / "a.shp", [BOX], [P1], encoding="UTF-8")
    (folder / "a.prj").unlink()
    city.ingest()
    assert rules(city) == [(0, "file:crs")]
    city.put({"mapping.yml": "- {files: '**/*.shp', datasets: {parcels: {crs: EPSG:4547}}}"})
    city.ingest()
    assert city.ledger() == {"parcels/2024/a.shp": ("loaded", 1, 1, 0, 0)}


def test_measures_of_a_layer_feed_columns_and_buildings_find_their_parcel(tmp_path):
    city = City(tmp_path)
    write(city.landing / "geo" / "plots.gpkg", [BOX], [P1])
    inner = Polygon([(430010, 2550010), (430030, 2550010), (430030, 2550030), (430010, 2550030)])
    outside = shapely.affinity.translate(inner, 500)
    write(city.landing / "geo" / "houses.gpkg", [inner, outside], ["H1", "H2"])
    city.put(
        {
            "mapping.yml": "- {files: geo/plots.gpkg, year: 2024, "
            "datasets: {parcels: {columns: {site_area_m2: polygon_area_m2}}}}\n"
            "- {files: geo/houses.gpkg, year: 2024, datasets: {buildings: {columns: {building_code: 宗地代码, "
            "parcel_code: {within: parcels}, building_use: {constant: 其他}, footprint_m2: polygon_area_m2, "
            "floor_area_m2: polygon_area_m2}}}}\n"
        }
    )
    city.ingest()
    assert city.ask("select building_code, parcel_code, round(footprint_m2) from accepted.buildings") == [
        ("H1", P1, 400.0)
    ]
    assert city.rules("buildings") == [(2, "required:parcel_code")]


def ring(*points: tuple[float, float]) -> bytes:
    return struct.pack("<I", len(points)) + b"".join(struct.pack("<dd", *p) for p in points)


SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10), (0, 0))
RAW = {
    "unclosed": struct.pack("<BII", 1, 3, 1) + ring(*SQUARE[:4]),
    "two points": struct.pack("<BII", 1, 3, 1) + ring(*SQUARE[:2]),
    "truncated": struct.pack("<BII", 1, 3, 1) + ring(*SQUARE)[:-8],
    "a count of rings beyond the bytes": struct.pack("<BII", 1, 3, 4_000_000_000),
    "nothing": b"",
    "NaN": struct.pack("<BII", 1, 3, 1) + ring((0, 0), (float("nan"), 0), (1, 1), (0, 0)),
    "infinite": struct.pack("<BII", 1, 3, 1) + ring((0, 0), (float("inf"), 0), (1, 1), (0, 0)),
    "surface": struct.pack("<BIIBII", 1, 12, 1, 1, 3, 1) + ring(*SQUARE),
    "arcs": struct.pack("<BIIBI", 1, 10, 1, 1, 8) + ring((0, 0), (1, 1), (2, 0), (1, -1), (0, 0)),
    "surface with arcs": struct.pack("<BIIBIIBI", 1, 12, 1, 1, 10, 1, 1, 8)
    + ring((0, 0), (1, 1), (2, 0), (1, -1), (0, 0)),
    "nested beyond reason": struct.pack("<BII", 1, 7, 1) * 200_000,
}


@pytest.mark.parametrize(
    ("text", "area", "fault"),
    [
        ("POLYGON((0 0,100 0,100 50,150 50,100 50,100 100,0 100,0 0))", 10_000, None),  # spike outwards
        ("POLYGON((0 0,100 0,100 50,50 50,100 50,100 100,0 100,0 0))", 10_000, None),  # spike inwards
        ("POLYGON((0 0,10 0,10 10,5 10,7 5,3 5,5 10,0 10,0 0))", 90, None),  # a hole drawn as part of the ring
        ("POLYGON((0 0,0 0,10 0,10 0,10 10,0 10,0 0))", 100, None),  # points twice
        ("POLYGON((0 0,0 10,10 10,10 0,0 0))", 100, None),  # the other way round
        ("POLYGON((0 0,10 0,10 10,0 10,0 0),(0 2,5 2,5 5,0 5,0 2))", 85, None),  # a hole along the border
        ("MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((10 0,20 0,20 10,10 10,10 0)))", 200, None),
        ("GEOMETRYCOLLECTION(POLYGON((0 0,10 0,10 10,0 10,0 0)),POINT EMPTY)", 100, None),
        ("POLYGON Z((0 0 1,10 0 1,10 10 NaN,0 10 1,0 0 1))", 100, None),
        ("GEOMETRYCOLLECTION(POLYGON((0 0,10 0,10 10,0 10,0 0)),POINT(1 1))", None, "kind"),
        ("LINESTRING(0 0,1 1)", None, "kind"),
        ("POLYGON((0 0,100 100,100 0,0 100,0 0))", None, "lossy"),  # bow-tie
        ("POLYGON((0 0,10 0,10 10,0 10,0 0,10 0,10 10,0 10,0 0))", None, "lossy"),  # twice around
        ("POLYGON((0 0,10 0,10 10,0 10,0 0),(20 20,30 20,30 30,20 30,20 20))", None, "lossy"),  # hole outside
        ("POLYGON((0 0,10 0,10 10,0 10,0 0),(8 2,12 2,12 5,8 5,8 2))", None, "lossy"),  # hole across the border
        ("MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((2 2,3 2,3 3,2 3,2 2)))", None, "lossy"),  # one in the other
        ("POLYGON((0 0,10 0,20 0,0 0))", None, "flat"),
        ("GEOMETRYCOLLECTION EMPTY", None, "empty"),
    ],
)
def test_mended_without_loss_or_refused(text, area, fault):
    check_mended(shapely.to_wkb(shapely.from_wkt(text)), area, fault)


@pytest.mark.parametrize(
    ("name", "area", "fault"),
    [
        ("unclosed", 100, None),
        ("surface", 100, None),
        ("two points", None, "flat"),
        ("truncated", None, "unreadable"),
        ("a count of rings beyond the bytes", None, "unreadable"),
        ("nothing", None, "unreadable"),
        ("NaN", None, "number"),
        ("infinite", None, "number"),
        ("arcs", None, "curve"),
        ("surface with arcs", None, "curve"),
        ("nested beyond reason", None, "unreadable"),
    ],
)
def test_bytes_mended_or_refused(name, area, fault):
    check_mended(RAW[name], area, fault)


def check_mended(wkb: bytes, area: float | None, fault: str | None) -> None:
    shape, found = mend(wkb)
    assert found == fault
    if area is None:
        assert shape is None
    else:
        made = shapely.from_wkb(shape)
        assert made.is_valid and made.geom_type in ("Polygon", "MultiPolygon") and not made.has_z
        assert made.area == pytest.approx(area, rel=1e-9)


def test_every_finding_on_a_shape_says_what_is_wrong_with_it(tmp_path):
    x, y = 430000, 2550000
    bow_tie = Polygon([(x, y), (x + 100, y + 100), (x + 100, y), (x, y + 100)])
    city = city_with(tmp_path, [bow_tie, RAW["arcs"], shapely.Point(x, y)])
    found = city.ask("select message_zh, next_step from quarantine.finding order by row_no")
    assert ["自相交" in found[0][0], "圆弧" in found[1][0], found[2][0].endswith("不是面。")] == [True] * 3
    assert "CONVERT_TO_LINEAR" in found[1][1]
