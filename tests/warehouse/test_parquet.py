"""The published tables as Parquet: maps that geographic programs read, views, and the same rows as the snapshot."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import geopandas
import pyarrow.parquet as pq
import pytest
import tiny_city

from warehouse import db, kept, parquet
from warehouse.publish import publish


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    tiny_city.publish_run(folder, 1, 2023)
    tiny_city.publish_run(folder, 2)
    return folder


def path(city: Path, name: str) -> Path:
    return kept.parquet_folder(tiny_city.settings_for(city)) / name


def test_maps_are_geoparquet(city: Path) -> None:
    found = path(city, "dim_parcel/2024.parquet")
    geo = json.loads(pq.read_schema(found).metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert (geo["version"], geo["primary_column"], column["encoding"]) == ("1.0.0", "geometry", "WKB")
    assert column["geometry_types"] == ["Polygon"]
    assert column["bbox"] == pytest.approx([113, 23, 113.199, 24])
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 4490}
    frame = geopandas.read_parquet(found)
    assert (frame.crs.to_epsg(), len(frame), frame.geometry.isna().sum()) == (4490, 200, 4)
    assert frame.total_bounds == pytest.approx([113, 23, 113.199, 24])


def test_a_client_that_knows_no_maps_reads_the_same_rows(city: Path) -> None:
    """Plain Arrow sees WKB bytes; DuckDB without extensions reads the file, as bytes where it is asked to."""
    found = path(city, "dim_parcel/2024.parquet")
    with duckdb.connect(str(city / "published" / "current.duckdb"), read_only=True) as con:
        published = con.execute("select * from marts.dim_parcel where year = 2024 order by parcel_code").fetchall()
        columns = con.execute("select column_name, column_type from (describe marts.dim_parcel)").fetchall()
    assert [tuple(row.values()) for row in pq.read_table(found).to_pylist()] == published
    with duckdb.connect() as con:
        assert con.execute(f"select count(*), count(geometry) from '{found}'").fetchone() == (200, 196)
        con.execute("set enable_geoparquet_conversion = false")
        assert con.execute(f"select column_name, column_type from (describe from '{found}')").fetchall() == columns
        assert con.execute(f"from '{found}'").fetchall() == published


def test_views_are_written_over_all_years(city: Path) -> None:
    found = path(city, "fct_parcel_three_year/all.parquet")
    with duckdb.connect(str(city / "published" / "current.duckdb"), read_only=True) as con:
        rows = con.execute("from marts.fct_parcel_three_year order by all").fetchall()
    assert len(rows) == 2 * tiny_city.PARCELS
    with duckdb.connect() as con:
        assert con.execute(f"from '{found}'").fetchall() == rows


def test_the_same_run_again_gives_the_same_bytes(city: Path) -> None:
    root = kept.parquet_folder(tiny_city.settings_for(city))
    before = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*.parquet") if p.parent.name != "fct_run"}
    publish(tiny_city.settings_for(city))
    again = kept.parquet_folder(tiny_city.settings_for(city))
    assert again != root and len(before) == 5
    assert {name: (again / name).read_bytes() for name in before} == before


@pytest.mark.parametrize("geometries", ["select null::blob as geometry", "select null::blob as geometry limit 0"])
def test_a_city_without_polygons_has_valid_maps(tmp_path: Path, geometries: str) -> None:
    with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as con:
        db.extensions(con)
        con.execute(f"create schema marts; create table marts.dim_parcel as {geometries}")
        con.execute("comment on column marts.dim_parcel.geometry is 'WKB, EPSG:4490'")
        parquet.write(con, tmp_path, [parquet.Part("dim_parcel", ("all",))])
    frame = geopandas.read_parquet(tmp_path / "dim_parcel" / "all.parquet")
    assert frame.crs.to_epsg() == 4490 and frame.geometry.count() == 0


def test_a_geometry_without_a_reference_system_stays_bytes(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        con.execute("create schema marts; create table marts.dim_place as select 'x'::blob as geometry")
        parquet.write(con, tmp_path, [parquet.Part("dim_place", ("all",))])
    assert b"geo" not in (pq.read_schema(tmp_path / "dim_place" / "all.parquet").metadata or {})


def test_rows_that_stand_in_order_need_no_sorting(tmp_path: Path) -> None:
    """With keys that are NULL, and more rows than a row group has; sorted or not, the bytes are the same."""
    part = parquet.Part("dim_place", ("code", "no"), "2024", "where year = '2024'")
    with duckdb.connect() as con:
        con.execute("create schema marts; create table marts.dim_place as select 2023 as year, 'a' as code, 1 as no")
        con.execute(
            "insert into marts.dim_place select 2024, if(i % 2 = 0, 'P' || i // 4, null), i from range(150000) as t(i) "
            "order by 2, 3"
        )
        parquet.write(con, tmp_path / "sorted", [part])
        parquet.write(con, tmp_path / "as_they_stand", [replace(part, in_order=True)])
    assert (tmp_path / "as_they_stand" / part.file).read_bytes() == (tmp_path / "sorted" / part.file).read_bytes()
