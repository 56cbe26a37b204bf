"""Layers and Parquet through the reading process: every row or none, and no file that leads elsewhere."""

from __future__ import annotations

import json
import sqlite3
import struct
import warnings
from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from books import zipped

from ingestion.reading import Worker
from ingestion.refusal import Rejected
from landgauge.settings import ReadingLimits

BOX = shapely.box(113, 23, 113.1, 23.1)
UNREADABLE = b"\0"
POLYGON = '{"type":"Polygon","coordinates":[[[113,23],[113,24],[114,24],[113,23]]]}'


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    with Worker(tmp_path_factory.mktemp("work")) as worker:
        yield worker


def table(worker, kind, path, layer=None, encoding=None) -> tuple[dict[str, object], list[dict[str, object]]]:
    options = {} if kind == "parquet" else {"layer": layer, "encoding": encoding}
    found = worker.read(kind, path, **options)
    return found, pq.read_table(found["path"]).to_pylist()


def refusal(worker, kind, path) -> str:
    with pytest.raises(Rejected) as refused:
        table(worker, kind, path)
    return refused.value.detail


def layer(path, count=1, **options):
    """A layer of boxes with a column named 企业."""
    path.unlink(missing_ok=True)
    shapes = np.array(shapely.to_wkb([BOX] * count), dtype=object)
    names = np.array([f"厂{i}" for i in range(count)], dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            str(path), geometry=shapes, field_data=[names], fields=["企业"], geometry_type="Polygon", **options
        )
    return path


def feature(geometry: str, properties: str = '{"a":1}') -> str:
    return f'{{"type":"Feature","properties":{properties},"geometry":{geometry}}}'


def collection(*features: str) -> str:
    return f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'


def geojson(tmp_path, text):
    path = tmp_path / "a.geojson"
    path.write_text(text, encoding="utf-8")
    return path


def test_geojson_of_all_kinds_of_shapes(worker, tmp_path):
    point = '{"type":"Point","coordinates":[113,23,5]}'
    mixed = f'{{"type":"GeometryCollection","geometries":[{point},{POLYGON}]}}'
    text = collection(feature(point, '{"a":{"b":[1,2]},"汉":"字"}'), feature(mixed), feature("null"), feature(POLYGON))
    found, rows = table(worker, "vector", geojson(tmp_path, text))
    assert (found["headers"], found["crs"], len(rows)) == (["a", "汉"], "EPSG:4326", 4)
    assert (json.loads(rows[0]["c1"]), rows[0]["c2"]) == ({"b": [1, 2]}, "字")
    assert [row["wkb"] is None for row in rows] == [False, False, True, False]


def test_a_shape_that_cannot_be_read_is_marked_not_dropped(worker, tmp_path):
    broken = [feature('{"type":"Polygon","coordinates":"x"}'), feature('{"type":"Poly","coordinates":[]}')]
    _, rows = table(worker, "vector", geojson(tmp_path, collection(*broken, feature("null"), feature(POLYGON))))
    assert [row["wkb"] for row in rows][:3] == [UNREADABLE, UNREADABLE, None]


@pytest.mark.parametrize(
    "text",
    [
        collection(feature(POLYGON), feature(POLYGON))[:-60],
        collection(feature(POLYGON)) + "rest",
        feature(POLYGON) + "\n" + feature(POLYGON) + "\n",
        collection(feature(POLYGON), "5"),
        '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>b.csv</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
        '{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read b.csv"}',
        "[" * 50_000,
        "\0" * 100,
    ],
    ids=["cut", "trailing", "sequence", "no feature", "vrt", "pipeline", "deep", "nul"],
)
def test_geojson_refused(worker, tmp_path, text):
    assert refusal(worker, "vector", geojson(tmp_path, text))


def test_a_damaged_geopackage_gives_no_part_of_its_rows(worker, tmp_path):
    path = layer(tmp_path / "a.gpkg", 2000, driver="GPKG", crs="EPSG:4490", layer="lots")
    assert len(table(worker, "vector", path)[1]) == 2000
    page, data = 4096, bytearray(path.read_bytes())
    at = len(data) // 3 // page * page
    data[at : at + page] = b"\xff" * page
    path.write_bytes(data)
    assert "GeoPackage" in refusal(worker, "vector", path)


def test_geopackage_rows_with_broken_shapes_views_and_several_layers(worker, tmp_path):
    path = layer(tmp_path / "a.gpkg", 3, driver="GPKG", crs="EPSG:4490", layer="lots")
    with closing(sqlite3.connect(path)) as con:
        for (name,) in con.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            con.execute(f'drop trigger "{name}"')
        con.execute("update lots set geom = x'0102' where fid = 2")
        con.execute("update lots set geom = null where fid = 3")
        con.execute("create view some as select fid, 企业 from lots where fid < 3")
        con.execute("insert into gpkg_contents (table_name, data_type, identifier) values ('some', 'attributes', 's')")
        con.commit()
    _, rows = table(worker, "vector", path, layer="lots")
    assert [row["wkb"] for row in rows][1:] == [UNREADABLE, None]
    assert [row["c1"] for row in table(worker, "vector", path, layer="some")[1]] == ["厂0", "厂1"]
    assert len(table(worker, "vector", path)[1]) == 3
    with closing(sqlite3.connect(tmp_path / "b.gpkg")) as con:
        con.execute("create table t (a)")
    assert "gpkg_contents" in refusal(worker, "vector", tmp_path / "b.gpkg")


def test_a_view_without_end_runs_into_the_time_limit(tmp_path):
    path = layer(tmp_path / "a.gpkg", 3, driver="GPKG", crs="EPSG:4490", layer="lots")
    endless = "with recursive r(fid) as (select 1 union all select fid + 1 from r) select max(fid) as fid from r"
    with closing(sqlite3.connect(path)) as con:
        con.execute(f"create view endless as {endless}")
        con.execute(
            "insert into gpkg_contents (table_name, data_type, identifier) values ('endless', 'attributes', 'e')"
        )
        con.commit()
    with Worker(tmp_path / "work", ReadingLimits(seconds=2)) as limited, pytest.raises(Rejected, match="2 s"):
        limited.read("vector", path, layer="endless", encoding=None)


@pytest.fixture(scope="module")
def shape(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("shape")
    layer(folder / "a.shp", 30, driver="ESRI Shapefile", crs="EPSG:4490", encoding="UTF-8")
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def archive(tmp_path, parts: dict[str, bytes], stem: str = "地块/a"):
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({stem + suffix: data for suffix, data in parts.items()}))
    return path


@pytest.mark.parametrize(
    ("without", "changed"),
    [((), {}), ((".shx",), {}), ((".cpg",), {}), ((".prj",), {}), ((), {".shx": b"\0" * 130}), ((), {".shx": b""})],
)
def test_shapefiles_that_can_be_read(worker, tmp_path, shape, without, changed):
    parts = {suffix: data for suffix, data in {**shape, **changed}.items() if suffix not in without}
    found, rows = table(worker, "shp", archive(tmp_path, parts))
    assert [row["c1"] for row in rows] == [f"厂{i}" for i in range(30)]
    assert all(row["wkb"] for row in rows)
    assert bool(found["notes"]) == (".shx" in without or ".shx" in changed)
    assert (found["crs"] is None) == (".prj" in without)


def with_count(dbf: bytes, count: int) -> bytes:
    return dbf[:4] + struct.pack("<I", count) + dbf[8:]


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        (".shp", lambda data: data[: len(data) // 2]),
        (".shp", lambda data: b""),
        (".shp", lambda data: data[:100] + b"\xff" * 60 + data[160:]),
        (".dbf", lambda data: data[: len(data) // 2]),
        (".dbf", lambda data: b""),
        (".dbf", lambda data: with_count(data, 10)),
        (".dbf", lambda data: with_count(data, 2**31 - 1)),
    ],
)
def test_shapefiles_that_lack_rows_or_shapes(worker, tmp_path, shape, suffix, damage):
    parts = {suffix: data for suffix, data in {**shape, suffix: damage(shape[suffix])}.items() if suffix != ".shx"}
    assert refusal(worker, "shp", archive(tmp_path, parts))


def test_a_shape_that_is_cut_off_is_marked(worker, tmp_path, shape):
    _, rows = table(worker, "shp", archive(tmp_path, {**shape, ".shp": shape[".shp"][:-30]}))
    assert [row["wkb"] == UNREADABLE for row in rows] == [False] * 29 + [True]


def test_names_in_an_archive_lead_nowhere(worker, tmp_path, shape):
    path = archive(tmp_path, shape, "../../../a")
    assert len(table(worker, "shp", path)[1]) == 30
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]
    assert "两次" in refusal(worker, "shp", archive(tmp_path, {**shape, ".SHP": b""}))
    assert ".dbf" in refusal(worker, "shp", archive(tmp_path, {".shp": shape[".shp"]}))


def parquet(tmp_path, columns: pa.Table, metadata: dict[str, object] | None = None):
    path = tmp_path / "a.parquet"
    if metadata is not None:
        geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": metadata}}
        columns = columns.replace_schema_metadata({b"geo": json.dumps(geo).encode()})
    pq.write_table(columns, path)
    return path


def test_parquet_columns_of_every_kind(worker, tmp_path):
    columns = pa.Table.from_arrays(
        [
            pa.array([{"x": 1}]),
            pa.array([[1, 2]]),
            pa.array(["汉"]).dictionary_encode(),
            pa.array(["汉"], pa.large_string()),
            pa.array(["汉".encode()]),
            pa.array([b"\xff"]),
            pa.array([7]),
            pa.array([8]),
        ],
        names=["a", "b", "c", "d", "e", "f", "file_row_number", "a"],
    )
    found, rows = table(worker, "parquet", parquet(tmp_path, columns))
    assert found["headers"] == columns.schema.names
    assert list(rows[0].values()) == [1, "{'x': 1}", "[1, 2]", "汉", "汉", "汉", "\\xFF", 7, 8]


def test_geoparquet_encodings(worker, tmp_path):
    coordinates = pa.StructArray.from_arrays(
        [pa.array([113.0, 114, 114, 113]), pa.array([23.0, 23, 24, 23])], ["x", "y"]
    )
    rings = pa.ListArray.from_arrays(pa.array([0, 4], pa.int32()), coordinates)
    native = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), rings)
    found, rows = table(worker, "parquet", parquet(tmp_path, pa.table({"geometry": native}), {"encoding": "polygon"}))
    assert (found["crs"], shapely.from_wkb(rows[0]["wkb"]).area) == ("OGC:CRS84", 0.5)
    shapes = pa.array([shapely.to_wkb(BOX), None, b"junk"], pa.binary())
    found, rows = table(
        worker, "parquet", parquet(tmp_path, pa.table({"geometry": shapes}), {"encoding": "WKB", "crs": None})
    )
    assert (found["crs"], [row["wkb"] for row in rows]) == (None, [shapely.to_wkb(BOX), None, UNREADABLE])
    assert "POLYLINE" in refusal(
        worker, "parquet", parquet(tmp_path, pa.table({"geometry": native}), {"encoding": "polyline"})
    )


def test_a_shape_nested_too_deep_ends_the_process_and_not_the_run(worker, tmp_path):
    deep = b"\x01\x07\0\0\0\x01\0\0\0" * 200_000
    assert "SIGSEGV" in refusal(worker, "parquet", parquet(tmp_path, pa.table({"geometry": pa.array([deep])}), {}))
    assert len(table(worker, "parquet", parquet(tmp_path, pa.table({"a": [1]})))[1]) == 1
