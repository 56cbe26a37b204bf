"""The map: place, distance, colour, and a page that stays small."""

from __future__ import annotations

import re

import duckdb
import numpy as np
import page_parser
import pytest
import report_snapshot
import shapely
from pyproj import Geod

from reporting import charts, parcel_map
from reporting.report import render


def _rings(path: str) -> list[np.ndarray]:
    """The rings of a path's data, in cells."""
    rings = []
    for part in filter(None, path.split("z")):
        start, moves = part[1:].split("l")
        steps = np.array([int(n) for n in re.findall(r"-?\d+", moves)]).reshape(-1, 2)
        x, y = map(int, start.split())
        rings.append(np.vstack([[x, y], np.array([x, y]) + np.cumsum(steps, axis=0)]))
    return rings


def test_parcels_are_coloured_by_their_grade(document):
    for group in document.id("map").all("g"):
        place = group.attributes["class"]
        for title in group.all("title"):
            state = {"g0": "A 级", "g1": "B 级", "g2": "C 级", "g3": "D 级", "gx": "未评级"}[place]
            assert f"：{state}" in title.text
    titles = [t.text for t in document.id("map").all("title")]
    assert len(titles) == 11 and not any("P000001" in t or "OFFICE" in t for t in titles)
    assert "另有 1 宗没有图形" in document.id("map-section").text


def test_north_is_up_and_areas_are_true(document):
    """Drawn areas in m² against the geodesic areas on the ellipsoid (pyproj)."""
    svg = document.id("map").all("svg")[0]
    metres = float(svg.attributes["data-metres"])
    paths = {p.all("title")[0].text[:7]: p.attributes["d"] for p in svg.all("path")}
    middles = {}
    for code, data in paths.items():
        shape = shapely.from_wkb(report_snapshot.polygon(int(code[1:])))
        drawn = abs(sum(shapely.Polygon(ring).area for ring in _rings(data))) * metres**2
        assert drawn == pytest.approx(abs(Geod(ellps="GRS80").geometry_area_perimeter(shape)[0]), rel=0.02)
        middles[code] = (shape.centroid, np.vstack(_rings(data)).mean(axis=0))
    north = max(middles.values(), key=lambda m: m[0].y)
    east = max(middles.values(), key=lambda m: m[0].x)
    assert north[1][1] == min(m[1][1] for m in middles.values())
    assert east[1][0] == max(m[1][0] for m in middles.values())


def test_scale_bar_is_a_round_length(document):
    bar = document.id("map").all("div", class_="bar-scale")[0]
    svg = document.id("map").all("svg")[0]
    width_m = float(svg.attributes["viewbox"].split()[2]) * float(svg.attributes["data-metres"])
    percent = float(re.search(r"width:([\d.]+)%", bar.attributes["style"])[1])
    number, unit = bar.text.split()
    assert float(number) * (1000 if unit == "公里" else 1) == pytest.approx(percent / 100 * width_m, rel=1e-4)
    assert 5 < percent <= 25


def _with_geometry(path, *shapes):
    report_snapshot.write(path, parcels=len(shapes) + 3)
    with duckdb.connect(str(path)) as con:
        con.execute("update marts.dim_parcel set geometry = null")
        for i, shape in enumerate(shapes):
            blob = shapely.to_wkb(shape) if isinstance(shape, shapely.Geometry) else shape
            con.execute("update marts.dim_parcel set geometry = ? where parcel_code = ?", [blob, f"P{i:06d}"])
    return page_parser.parse(render(path, 2024))


def test_holes_parts_and_unusable_geometry(tmp_path):
    ring = shapely.box(0, 0, 1, 1).difference(shapely.box(0.4, 0.4, 0.6, 0.6))
    two = shapely.MultiPolygon([shapely.box(3, 0, 4, 1), shapely.box(5, 0, 6, 1)])
    page = _with_geometry(tmp_path / "a.duckdb", ring, two, b"broken", shapely.Point(0, 0), shapely.Polygon())
    paths = [p.attributes["d"] for p in page.id("map").all("path")]
    assert sorted(d.count("M") for d in paths) == [2, 2]


def test_single_tiny_parcel(tmp_path):
    page = _with_geometry(tmp_path / "a.duckdb", shapely.box(113.1, 23.1, 113.1000001, 23.1000001))
    assert len(page.id("map").all("path")) == 1


def test_no_polygon_at_all_is_a_sentence(tmp_path):
    page = _with_geometry(tmp_path / "a.duckdb")
    assert not page.has("map") and "宗地资料不含图形" in page.id("map-section").text


def test_many_parcels_are_joined_and_thinned_and_said_so(city, monkeypatch):
    monkeypatch.setattr(parcel_map, "PARCELS_WITH_LABELS", 5)
    page = page_parser.parse(render(city, 2024))
    assert not page.id("map").all("title") and len(page.id("map").all("path")) == len(page.id("map").all("g"))
    assert "轮廓已简化" in page.id("map-section").text and "抽取" not in page.id("map-section").text
    monkeypatch.setattr(parcel_map, "MOST_CHARACTERS", 250)
    thinned = page_parser.parse(render(city, 2024))
    drawn = sum(p.attributes["d"].count("M") for p in thinned.id("map").all("path"))
    assert 0 < drawn < 11 and f"绘出工业宗地 {drawn} 宗" in thinned.id("map-section").text
    assert "等距抽取" in thinned.id("map-section").text


@pytest.mark.parametrize(
    ("span", "parts", "step"), [(100, 4, 50), (7, 7, 1), (0, 3, 1.0), (0.03, 3, 0.01), (310, 25, 20)]
)
def test_round_step(span, parts, step):
    assert charts.round_step(span, parts) == pytest.approx(step)


def test_ticks_enclose():
    assert charts.ticks_between(-22, 150) == [-50, 0, 50, 100, 150]
    assert charts.ticks_between(0, 0) == [0, 1]
