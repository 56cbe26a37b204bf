"""Prague-Bubeneč, the cadastral plots that momepy ships: by profile and mapping alone, in true square metres."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb
import pytest

from landgauge import cli
from landgauge.errors import DONE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prague")
    spec = importlib.util.spec_from_file_location("prague", ROOT / "examples" / "prague" / "write_landing.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write_landing(folder / "landing")
    call = ["evaluate", "--landing", str(folder / "landing"), "--warehouse", str(folder), "--year", "2024"]
    assert cli.main(call) == DONE
    return folder / "published"


@pytest.fixture(scope="module")
def marts(published: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(published / "current.duckdb"), read_only=True)
    con.execute("set search_path = 'marts'")
    return con


def test_areas_are_true_square_metres(marts: duckdb.DuckDBPyConnection) -> None:
    """An independent measure: geodesic areas on the ellipsoid, which know no projection."""
    from pyproj import Geod
    from shapely import from_wkb

    geod = Geod(ellps="GRS80")
    plots = marts.execute("select geometry, site_area_m2, polygon_area_m2 from dim_parcel").fetchall()
    assert len(plots) == 407
    for geometry, site, polygon in plots:
        true = abs(geod.geometry_area_perimeter(from_wkb(bytes(geometry)))[0])
        assert polygon == pytest.approx(true, rel=1e-3, abs=0.01)
        assert site == polygon


def test_plot_coverage_is_the_buildings_share_of_the_plots(marts: duckdb.DuckDBPyConnection) -> None:
    covered, area = marts.execute(
        "select sum(numerator), sum(denominator) from fct_indicator_value "
        "where scale = 'parcel' and indicator_code = 'building_coefficient'"
    ).fetchone()
    assert covered == pytest.approx(43_150, rel=2e-3)
    assert covered / area == pytest.approx(0.1548, abs=5e-4)
    assert marts.execute(
        "select count(*) from fct_load where accepted = rows_in and rows_in in (407, 144)"
    ).fetchone() == (2,)


def test_what_prague_does_not_have_is_missing_with_a_reason(marts: duckdb.DuckDBPyConnection) -> None:
    reasons = marts.execute(
        "select distinct null_reason from fct_indicator_value where scale = 'parcel' "
        "and indicator_code in ('land_output_cny10k_per_ha', 'rd_intensity')"
    ).fetchall()
    assert reasons == [("register_not_loaded",)]
    assert marts.execute("select count(*) from fct_land_balance").fetchone() == (0,)


def test_the_report_says_what_its_figures_are_worth(published: Path) -> None:
    page = (published / "report" / "2024" / "city.html").read_text(encoding="utf-8")
    assert "容积率只是下限" in page
