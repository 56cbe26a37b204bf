"""Çamlıova, a made-up city unlike any other: one wide table feeds five datasets, by profile and mapping alone."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb
import pytest
from pyproj import Transformer

from landgauge import cli
from landgauge.errors import COMPLAINTS

ROOT = Path(__file__).resolve().parents[2]
ACRE_M2 = 4046.8564224  # 43,560 square feet of 0.3048 m: NIST Handbook 44, appendix C, and the treaty of 1959
FOOT_M = 0.3048
REFUSED = {
    "parcels": {
        (21, "pattern:parcel_code"), (22, "range:site_area_m2"), (22, "limit:green_area_m2"),
        (23, "type:site_area_m2"), (24, "type:supply_date"), (25, "list:district_code"),
    },
    "buildings": {
        (3, "conflict:building_code"), (63, "conflict:building_code"), (33, "range:floor_area_m2"),
        *((row, "orphan:parcel_code") for row in range(21, 26)),
    },
    "enterprises": {(31, "list:industry_code")},
    "occupancy": {(31, "orphan:uscc"), *((row, "orphan:parcel_code") for row in range(21, 26))},
    "operations": {(31, "orphan:uscc"), (32, "required:output_cny10k"), (34, "limit:rd_staff")},
    "taxes": {(6, "reason_required:reason"), (31, "orphan:uscc"), (60, "orphan:uscc")},
}  # fmt: skip


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    folder = tmp_path_factory.mktemp("camliova")
    spec = importlib.util.spec_from_file_location("camliova", ROOT / "examples" / "camliova" / "write_landing.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write_landing(folder / "landing")
    call = ["evaluate", "--landing", str(folder / "landing"), "--warehouse", str(folder), "--year", "2024"]
    assert cli.main(call) == COMPLAINTS  # more of its rows are spoilt than is tolerated
    con = duckdb.connect(str(folder / "published" / "current.duckdb"), read_only=True)
    con.execute(f"attach '{folder / 'warehouse.duckdb'}' as work (read_only)")
    con.execute("set search_path = 'marts'")
    return con


def test_every_row_is_accepted_or_refused_for_the_reason_that_was_sown(marts: duckdb.DuckDBPyConnection) -> None:
    loads = marts.execute("select dataset, state, rows_in, accepted, quarantined from fct_load order by 1").fetchall()
    assert loads == [
        ("buildings", "loaded", 59, 51, 8),
        ("enterprises", "loaded", 59, 58, 1),
        ("occupancy", "loaded", 60, 54, 6),
        ("operations", "loaded", 59, 56, 3),
        ("parcels", "loaded", 60, 55, 5),
        ("taxes", "loaded", 60, 57, 3),
    ]
    for dataset, sown in REFUSED.items():
        found = marts.execute(
            "select row_no, rule_code from fct_quarantine where dataset = ? and severity = 'error'", [dataset]
        ).fetchall()
        assert set(found) == sown
        assert len(found) == len(sown)


def test_acres_feet_lira_and_dates_are_the_contracts(marts: duckdb.DuckDBPyConnection) -> None:
    """Row 1: 1,69 acre; 01.01.1995; 769.742,1 thousand lira; and the tax of 1.000,0 thousand."""
    site, supplied, district, use = marts.execute(
        "select site_area_m2, supply_date::varchar, district_code, land_use_code from work.accepted.parcels "
        "where parcel_code = 'QD-011/1000-A'"
    ).fetchone()
    assert site == pytest.approx(1.69 * ACRE_M2, rel=1e-12)
    assert (supplied, district, use) == ("1995-01-01", "CMO-K", "S1")
    assert marts.execute(
        "select output_cny10k, tax_paid_cny10k from work.accepted.operations join work.accepted.taxes using (uscc) "
        "where uscc = 'TS-00314-8'"
    ).fetchone() == pytest.approx((76974.21, 100.0), rel=1e-12)


def test_feet_of_a_projection_become_degrees(marts: duckdb.DuckDBPyConnection) -> None:
    """Against pyproj from metres; a tenth of a foot is about 3 cm, 4e-7 of a degree."""
    lon, lat, scale = marts.execute(
        "select longitude, latitude, above_scale from work.accepted.enterprises where uscc = 'TS-00314-8'"
    ).fetchone()
    inverse = Transformer.from_crs("EPSG:5254", "EPSG:4490", always_xy=True)
    assert (lon, lat) == pytest.approx(inverse.transform(1620734.9 * FOOT_M, 14711286.1 * FOOT_M), abs=4e-7)
    assert scale is True


@pytest.mark.parametrize(
    ("parcel", "floor_ft2", "acres"),
    [("QD-011/1000-A", 16_993, 1.69), ("QD-014/1001-B", 97_116, 5.72)],
)
def test_plot_ratios_are_those_worked_out_by_hand(
    marts: duckdb.DuckDBPyConnection, parcel: str, floor_ft2: int, acres: float
) -> None:
    found = marts.execute(
        "select value from fct_indicator_value where scale = 'parcel' and indicator_code = 'plot_ratio' "
        "and unit_code = ?",
        [parcel],
    ).fetchone()
    assert found == (pytest.approx(floor_ft2 / (acres * 43_560), rel=1e-12),)


def test_rows_that_repeat_a_plot_are_told(marts: duckdb.DuckDBPyConnection) -> None:
    (note,) = marts.execute("select reason from work.ledger.load where dataset = 'parcels'").fetchone()
    assert "5 rows are alike an earlier one" in note
