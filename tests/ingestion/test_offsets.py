"""GCJ-02 and BD-09 against published pairs and in round trips; in a mapping, for shapes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from landings import P1, City
from test_geometry import write

from ingestion import offsets

# WGS 84 and GCJ-02, longitude first. Tests of googollee/eviltransform, python/test.py.
GCJ02 = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),  # wandergis/coordtransform, test/app.js
]
# GCJ-02 and BD-09. wandergis/coordtransform, test/app.js.
BD09 = [((116.404, 39.915), (116.41036949371029, 39.92133699351021))]


def arrays(point: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(point[:1]), np.array(point[1:])


@pytest.mark.parametrize(("plain", "shifted"), GCJ02)
def test_published_pairs_of_gcj02(plain, shifted):
    assert np.ravel(offsets.from_cgcs2000(*arrays(plain), "GCJ-02")) == pytest.approx(shifted, abs=1e-11)
    assert np.ravel(offsets.to_cgcs2000(*arrays(shifted), "GCJ-02")) == pytest.approx(plain, abs=1e-9)


@pytest.mark.parametrize(("gcj", "bd"), BD09)
def test_published_pairs_of_bd09(gcj, bd):
    by_way_of_gcj = offsets.to_cgcs2000(*arrays(gcj), "GCJ-02")
    assert np.ravel(offsets.to_cgcs2000(*arrays(bd), "BD-09")) == pytest.approx(np.ravel(by_way_of_gcj), abs=1e-9)


@pytest.mark.parametrize("crs", offsets.NAMES)
def test_round_trips_over_guangzhou(crs):
    lon, lat = np.meshgrid(np.linspace(112.9, 114.1, 121), np.linspace(22.4, 24.0, 161))
    shifted = offsets.from_cgcs2000(lon, lat, crs)
    back = offsets.to_cgcs2000(*shifted, crs)
    metres = np.hypot((shifted[0] - lon) * 102_000, (shifted[1] - lat) * 111_000)
    assert 500 < metres.min() < metres.max() < 1400
    assert np.abs(back[0] - lon).max() < 1e-9
    assert np.abs(back[1] - lat).max() < 1e-9


def test_outside_china_and_nowhere_nothing_moves():
    lon, lat = np.array([14.4, np.nan, np.inf, -74.0]), np.array([50.1, 23.0, 23.0, 40.7])
    for crs in offsets.NAMES:
        moved = offsets.to_cgcs2000(lon, lat, crs)
        assert np.array_equal(moved[0], lon, equal_nan=True)
        assert np.array_equal(moved[1], lat, equal_nan=True)


@pytest.mark.parametrize(
    ("spelled", "name"), [("gcj02", "GCJ-02"), ("BD_09", "BD-09"), ("EPSG:4490", None), (None, None)]
)
def test_spellings(spelled, name):
    assert offsets.known(spelled) == name


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="no shifted system"):
        offsets.to_cgcs2000(np.zeros(1), np.zeros(1), "EPSG:4490")


def test_shapes_in_gcj02(tmp_path):
    box = shapely.box(113.3, 23.1, 113.301, 23.101)
    moved = shapely.transform(box, lambda x, y: offsets.from_cgcs2000(x, y, "GCJ-02"), interleaved=False)
    city = City(tmp_path)
    write(city.landing / "parcels" / "2024" / "a.gpkg", [moved], [P1], crs="EPSG:4326", area=11_300.0)
    city.put({"mapping.yml": "- {files: '**/*.gpkg', datasets: {parcels: {crs: gcj02}}}"})
    city.ingest()
    [(wkb,)] = city.ask("select geometry from accepted.parcels")
    assert shapely.hausdorff_distance(shapely.from_wkb(bytes(wkb)), box) < 1e-9
