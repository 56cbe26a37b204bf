"""The SQL that pairs points with polygons against a crossing count that shares nothing with it."""

from __future__ import annotations

import importlib.util
import sys

import duckdb
import numpy as np
import pytest
import shapely

from landgauge.settings import PROJECT_ROOT
from warehouse.db import extensions


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_pairing", PROJECT_ROOT / "benchmarks" / "pairing.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_pairing"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def con():
    with duckdb.connect() as con:
        extensions(con)
        yield con


def test_every_point_off_a_border_agrees(bench, con):
    rng = np.random.default_rng(7)
    shapes = bench.polygons(2_000, rng)
    assert {s.geom_type for s in shapes} == {"Polygon", "MultiPolygon"} and shapely.is_valid(shapes).all()
    places = bench.points(20_000, shapes, rng)
    found = bench.pair(con, shapes, places)
    expected, near = bench.judge(shapes, places)
    assert len(found) > 10_000
    assert 190 <= near.sum() <= 210  # the corners, and hardly another
    assert bench.disagreements(found, expected, near) == 0
    plan = con.execute(f"explain {bench.statement('points', 'parcels')}").fetchall()[0][1]
    assert "SPATIAL_JOIN" in plan


def test_the_judge_sees_a_wrong_pair(bench, con):
    shapes = np.array([shapely.box(112.96, 22.46, 112.9605, 22.4605)], dtype=object)
    places = np.array([[112.9602, 22.4602], [112.97, 22.47], [112.96, 22.4602]])  # inside, outside, on the border
    expected, near = bench.judge(shapes, places)
    assert expected[expected[:, 0] < 2].tolist() == [[0, 0]]
    assert near.tolist() == [False, False, True]
    assert bench.pair(con, shapes, places).tolist() == [[0, 0], [2, 0]]  # the project counts borders in
    assert bench.disagreements(np.array([[1, 0]]), expected, near) == 2
