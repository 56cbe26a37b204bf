"""The hand-made snapshot of the report's tests, and its layers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reporting"))
import duckdb
import report_snapshot
import shapely

from reporting.layers.outputs import write_layers

YEAR = report_snapshot.YEAR


@pytest.fixture(scope="session")
def mapped(tmp_path_factory) -> Path:
    """A warehouse of 40 parcels with two of hostile names, and the outline of one district."""
    folder = tmp_path_factory.mktemp("mapped")
    (folder / "published").mkdir()
    snapshot = report_snapshot.write(folder / "published" / "current.duckdb", parcels=40)
    outline = shapely.to_wkb(shapely.box(113.3, 22.9, 113.5, 23.1))
    with duckdb.connect(str(snapshot)) as con:
        con.execute("update marts.dim_scheme set name_zh = '<评估> & \"方案\"'")
        con.execute("drop table if exists marts.dim_district_outline")
        con.execute(
            "create table marts.dim_district_outline (district_code varchar, geometry blob, tolerance_m double)"
        )
        con.execute("insert into marts.dim_district_outline values ('440112', ?, 2000)", [outline])
    return folder


@pytest.fixture(scope="session")
def layers(mapped: Path) -> Path:
    write_layers(mapped, YEAR)
    return mapped / "published" / "layers" / str(YEAR)
