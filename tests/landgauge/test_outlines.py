"""Outlines of districts beside city.yml: how they are named, read, and refused."""

from __future__ import annotations

import json

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from landgauge import profile
from landgauge.errors import ConfigurationError

SQUARES = {"440106": shapely.box(113.3, 23.1, 113.4, 23.2), "440112": shapely.box(113.4, 23.1, 113.5, 23.2)}


def geojson(column: str = "code") -> str:
    features = [
        {"type": "Feature", "properties": {column: code}, "geometry": shapely.geometry.mapping(shape)}
        for code, shape in SQUARES.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def with_outlines(folder, line: str, content: str | None = None) -> profile.Profile:
    (folder / "city.yml").write_text(f"district_outlines: {line}\n", encoding="utf-8")
    if content is not None:
        (folder / "lines.geojson").write_text(content, encoding="utf-8")
    return profile.load(folder)


def test_guangzhou_has_an_outline_of_every_district_of_today(tmp_path):
    city = profile.load(tmp_path)
    assert [o.code for o in city.district_outlines] == [d.code for d in city.districts if d.valid_to_year is None]
    assert {o.tolerance_m for o in city.district_outlines} == {2000}
    area = sum(shapely.from_wkb(o.wkb).area for o in city.district_outlines)
    assert area * 111.0 * 102.0 == pytest.approx(7_434, rel=0.05)


def test_a_name_alone_and_with_options(tmp_path):
    plain = with_outlines(tmp_path, "lines.geojson", geojson()).district_outlines
    assert [(o.code, o.tolerance_m) for o in plain] == [("440106", None), ("440112", None)]
    own = with_outlines(tmp_path, "{file: lines.geojson, code: XZQDM, tolerance_m: 5}", geojson("XZQDM"))
    assert [(o.code, o.tolerance_m) for o in own.district_outlines] == [("440106", 5.0), ("440112", 5.0)]
    assert shapely.equals_exact(
        shapely.from_wkb(own.district_outlines[0].wkb).normalize(), SQUARES["440106"].normalize()
    )


def test_a_geopackage_in_metres_and_a_district_in_two_parts(tmp_path):
    to_metres = Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True)
    shapes = shapely.transform(list(SQUARES.values()), to_metres.transform, interleaved=False)
    codes = [np.array(["440106", "440106"], object)]
    wkb = shapely.to_wkb(np.array(shapes))
    path = tmp_path / "lines.gpkg"
    pyogrio.raw.write(path, wkb, codes, ["code"], crs="EPSG:4547", geometry_type="Polygon")
    [outline] = with_outlines(tmp_path, "lines.gpkg").district_outlines
    found = shapely.from_wkb(outline.wkb)
    assert found.symmetric_difference(shapely.union_all(list(SQUARES.values()))).area < 1e-6


@pytest.mark.parametrize(
    ("line", "content", "says"),
    [
        ("lines.geojson", None, "lines.geojson, which is not beside it"),
        ("{file: lines.geojson, code: NAME}", geojson(), "no property 'NAME'"),
        ("lines.geojson", "{", "cannot be read"),
        ("{path: lines.geojson}", geojson(), "not understood"),
        ("{file: lines.geojson, tolerance_m: -1}", geojson(), "tolerance_m"),
    ],
)
def test_refused_with_a_reason(tmp_path, line, content, says):
    with pytest.raises(ConfigurationError, match=says):
        with_outlines(tmp_path, line, content)
