"""New York's industrial zones, by profile and mapping alone: NYC Department of City Planning, MapPLUTO 24v1 and FacDB.

The defects counted here are those that the data's own description states.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import duckdb
import pytest

from landgauge import cli
from landgauge.errors import COMPLAINTS

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "nyc_industrial_zones"
pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not DATA.is_dir(), reason="the New York data set is not beside the project (../shared/data)"),
]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The published warehouse of one run over the real data."""
    folder = tmp_path_factory.mktemp("newyork")
    landing = shutil.copytree(ROOT / "examples" / "newyork", folder / "landing")
    shutil.copytree(DATA, landing / "raw")
    code = cli.main(["evaluate", "--landing", str(landing), "--warehouse", str(folder), "--year", "2024"])
    assert code == COMPLAINTS  # 380 of 3,772 lots break the contract: above the tolerated share
    assert (folder / "published" / "report" / "2024" / "city.html").stat().st_size > 100_000
    con = duckdb.connect(str(folder / "published" / "current.duckdb"), read_only=True)
    con.execute("set search_path = 'marts'")
    return con


def counts(marts: duckdb.DuckDBPyConnection, sql: str) -> dict[str, int]:
    return dict(marts.execute(sql).fetchall())


def test_the_known_defects_are_found_in_their_numbers(marts: duckdb.DuckDBPyConnection) -> None:
    assert counts(marts, "select rule_code, count(*) from qc_source_finding group by all") == {
        "nyc_lot_area_zero": 4,
        "nyc_building_area_zero": 827,
        "nyc_land_use_missing": 182,
        "nyc_year_built_zero": 822,
        "nyc_far_above_allowed": 111,
        "nyc_floors_zero": 19,
        "nyc_polygon_area": 498,
        "nyc_multipolygon": 2,
    }


def test_the_lots_that_the_contract_rejects_are_counted_beside_them(marts: duckdb.DuckDBPyConnection) -> None:
    found = counts(marts, "select rule_code, count(*) from fct_quarantine where dataset = 'parcels' group by all")
    assert found == {"range:site_area_m2": 4, "required:land_use_code": 182, "area:site_area_m2": 194}
    rows = marts.execute("select rows_in, accepted + quarantined from fct_load where dataset = 'parcels'").fetchall()
    assert rows == [(3772, 3772)]


def test_plot_ratios_agree_with_the_published_built_far(marts: duckdb.DuckDBPyConnection) -> None:
    """Where LotArea and BldgArea are given, BuiltFAR is their ratio rounded to two places."""
    lots = f"st_read('{DATA / 'nyc_ibz_lots_2263.gpkg'}')"
    from warehouse import db

    db.extensions(marts)
    checked, agreeing = marts.execute(
        f"""
        select count(*), count(*) filter (where abs(p.plot_ratio - l.BuiltFAR) <= 0.0051)
        from fct_parcel_year as p join {lots} as l on cast(l.BBL as varchar) = p.parcel_code
        where l.LotArea > 0 and l.BldgArea > 0
        """
    ).fetchone()
    assert checked > 1500
    assert agreeing == checked


def test_facilities_pair_with_the_lot_that_their_official_id_names(marts: duckdb.DuckDBPyConnection) -> None:
    paired = counts(
        marts, "select uscc, parcel_code from bridge_parcel_enterprise where matched_by = 'point_in_parcel'"
    )
    with (DATA / "facilities_facdb.csv").open(encoding="utf-8-sig", newline="") as handle:
        official = {f"FACDB-{row['OBJECTID *']}": row["BBL *"] for row in csv.DictReader(handle)}
    assert len(paired) == 175
    assert sum(official[uscc] == parcel for uscc, parcel in paired.items()) == 175


def test_what_the_city_does_not_have_is_missing_with_a_reason(marts: duckdb.DuckDBPyConnection) -> None:
    reasons = counts(
        marts,
        "select null_reason, count(*) from fct_indicator_value where scale = 'parcel' "
        "and indicator_code = 'land_output_cny10k_per_ha' group by all",
    )
    assert reasons == {"register_not_loaded": 2082}
    built = marts.execute(
        "select count(*) from fct_parcel_year as p join dim_parcel as d using (parcel_code, year) "
        "where p.plot_ratio > 0 and p.building_coefficient is not null"
    ).fetchone()
    assert built == (0,)  # the source has no footprints: the coefficient of a built lot is unknown, not 0


def test_lots_are_scored_on_what_can_be_scored(marts: duckdb.DuckDBPyConnection) -> None:
    rated, unrated = marts.execute(
        "select count(*) filter (where rated), count(*) filter (where not rated and not_rated_reason is not null) "
        "from fct_score where scale = 'parcel'"
    ).fetchone()
    assert rated + unrated == 2082
    assert rated > 0
