"""Layers: features and sums are the marts', styles name every grade, and map programs show them."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyogrio
import pytest
import report_snapshot

from landgauge.errors import StageFailed
from reporting.layers.outputs import write_layers
from reporting.layers.styles import colours

YEAR = report_snapshot.YEAR
GRADE = "grade_gz_performance"
SLD = {"sld": "http://www.opengis.net/sld", "ogc": "http://www.opengis.net/ogc"}


def package(layers: Path) -> Path:
    return layers / f"landgauge_{YEAR}.gpkg"


def marts(mapped: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(mapped / "published" / "current.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_features_and_sums_are_the_marts(mapped, layers):
    _, table = pyogrio.read_arrow(package(layers), layer="parcels")
    [(count, area, shapes)] = marts(
        mapped,
        "select count(*), sum(site_area_m2), count(geometry) from marts.fct_parcel_year "
        "join marts.dim_parcel using (parcel_code, year)",
    )
    assert table.num_rows == count
    assert table.num_rows - table["geometry"].null_count == shapes < count
    scores = dict(marts(mapped, "select unit_code, score from marts.fct_score where scale = 'parcel'"))
    found = dict(zip(table["parcel_code"].to_pylist(), table["score_gz_performance"].to_pylist(), strict=True))
    assert found == {code: scores.get(code) for code in found}
    plain = pq.read_table(layers / f"parcels_{YEAR}.parquet")
    assert plain["parcel_code"].to_pylist() == table["parcel_code"].to_pylist()
    assert pc.sum(plain["score_gz_performance"]).as_py() == pc.sum(table["score_gz_performance"]).as_py()
    assert area


def test_reference_system_index_names_and_remarks(layers):
    info = pyogrio.read_info(package(layers), layer="parcels")
    assert info["crs"] == "EPSG:4490" and info["geometry_type"] == "MultiPolygon"
    with sqlite3.connect(package(layers)) as con:
        rows = con.execute("select identifier, description from gpkg_contents where table_name = 'parcels'").fetchall()
        names = dict(con.execute("select column_name, title from gpkg_data_columns where table_name = 'parcels'"))
        indexed = con.execute("select table_name from gpkg_extensions where extension_name = 'gpkg_rtree_index'")
        assert {row[0] for row in indexed} >= {"parcels", "districts"}
    assert rows[0][0] == "宗地" and "生成数据" in rows[0][1] and "公示稿" in rows[0][1]
    assert names["score_gz_performance"].endswith("（分）")
    assert set(names) == set(info["fields"])
    shape = json.loads(pq.read_schema(layers / f"parcels_{YEAR}.parquet").metadata[b"geo"])["columns"]["geometry"]
    assert shape["encoding"] == "WKB" and shape["crs"]["id"] == {"authority": "EPSG", "code": 4490}


def test_equal_marts_give_equal_bytes(mapped, layers, tmp_path):
    write_layers(mapped, YEAR, tmp_path / "again")
    files = sorted(path.name for path in layers.iterdir())
    assert len(files) > 6
    assert all((layers / f).read_bytes() == (tmp_path / "again" / f).read_bytes() for f in files)


def test_styles_name_every_grade(mapped, layers):
    grades = {g for (g,) in marts(mapped, "select distinct grade from marts.fct_score where scale = 'parcel'") if g}
    with sqlite3.connect(package(layers)) as con:
        [(qml, sld, default)] = con.execute(
            "select styleQML, styleSLD, useAsDefault from layer_styles where f_table_name = 'parcels'"
        ).fetchall()
    assert (qml, sld, default) == (
        (layers / "parcels.qml").read_text("utf-8"),
        (layers / "parcels.sld").read_text("utf-8"),
        1,
    )
    categories = ElementTree.fromstring(qml).findall("renderer-v2/categories/category")
    assert [c.get("value") for c in categories] == [*sorted(grades), ""]
    assert ElementTree.fromstring(qml).find("renderer-v2").get("attr") == GRADE
    rules = ElementTree.fromstring(sld).findall(".//sld:Rule", SLD)
    literals = [literal.text for rule in rules for literal in rule.findall(".//ogc:Literal", SLD)]
    assert literals == sorted(grades)
    fills = [
        f.text for f in ElementTree.fromstring(sld).findall(".//sld:PolygonSymbolizer/sld:Fill/sld:CssParameter", SLD)
    ]
    assert fills == [*(colours()[f"g{'ABCDEF'.index(g)}"] for g in sorted(grades)), colours()["none"]]


def test_a_layer_without_shapes_is_left_out(tmp_path):
    (tmp_path / "published").mkdir()
    snapshot = report_snapshot.write(tmp_path / "published" / "current.duckdb")
    with duckdb.connect(str(snapshot)) as con:
        con.execute("update marts.dim_parcel set geometry = null")
    with pytest.raises(StageFailed, match="no unit of 2024 has a shape"):
        write_layers(tmp_path, YEAR)


def run(*command: str) -> tuple[str, str]:
    """What a program says on its output, and beside it."""
    assert shutil.which(command[0]), f"{command[0]} is missing: run `make test-layers` as root"
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, done.stderr


@pytest.mark.acceptance
def test_gdal_opens_every_layer(mapped, layers):
    said, beside = run("ogrinfo", "-al", "-so", str(package(layers)))
    counts = dict(re.findall(r"Layer name: (\w+).*?Feature Count: (\d+)", said, re.DOTALL))
    [(parcels,)] = marts(mapped, "select count(*) from marts.fct_parcel_year")
    assert int(counts["parcels"]) == parcels and "districts" in counts
    assert beside == ""
    assert 'ID["EPSG",4490]' in said


@pytest.mark.acceptance
def test_qgis_draws_the_grades(layers, tmp_path):
    script = Path(__file__).with_name("draw.py")
    picture = tmp_path / "map.png"
    answer, _ = run("/usr/bin/python3", str(script), str(package(layers)), str(layers), str(picture))
    said = json.loads(answer)
    assert said["parcels"]["crs"] == "EPSG:4490" and said["parcels"]["alias"] == "名称"
    classes = {c["label"]: c["colour"] for c in said["parcels"]["classes"]}
    known = {colours()[name] for name in ("g0", "g1", "g2", "g3", "none")}
    assert set(classes.values()) == known and "未评级" in classes
    for form in ("qml", "sld"):
        drawn = said["drawn"][form]
        assert all(drawn.get(colour, 0) > 0 for colour in known), form
    assert said["labels"] > 0
