"""Forecasts back-tested on real series: GDP and value added of 36 cities (National Bureau of Statistics), by mapping.

The series have no land, so the stages that forecasts need run alone and nothing is published.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from landgauge import cli

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "guangzhou_statistics"
YEAR = "2017"
pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not DATA.is_dir(), reason="the statistics are not beside the project (../shared/data)"),
]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The working file after ingest, build and forecast."""
    folder = tmp_path_factory.mktemp("cities")
    landing = shutil.copytree(ROOT / "examples" / "major_cities", folder / "landing")
    shutil.copytree(DATA, landing / "raw")
    for stage in ("ingest", "build", "contracts", "forecast"):
        assert cli.main([stage, "--landing", str(landing), "--warehouse", str(folder), "--year", YEAR]) in (0, 1), stage
    con = duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)
    con.execute("set search_path = 'marts'")
    return con


def test_the_files_are_read_as_they_are(marts: duckdb.DuckDBPyConnection) -> None:
    count, quarantined = marts.execute(
        "select sum(accepted), sum(quarantined) from ledger.load where dataset = 'district_series'"
    ).fetchone()
    assert (count, quarantined) == (1907, 0)
    value = marts.execute(
        "select value from fct_forecast_series where measure = 'value_added_cny10k' and district_code = '440100'"
        " and industry_code = '00' and year = 2017"
    ).fetchone()
    assert value == (pytest.approx(21503.15e4),)


def test_every_series_has_a_combination_and_the_sectors_add_up(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        """
        select count(*) filter (where industry_code = '00'), max(abs(
            reconciled - coalesce(parts, 0)) / reconciled) filter (where industry_code = '00')
        from fct_activity_forecast
        left join (
            select district_code, year, sum(reconciled) as parts from fct_activity_forecast
            where measure = 'value_added_cny10k' and (industry_code in ('S1', 'S2', 'S3', 'not_allocated'))
                and method in ('combination', 'not_allocated')
            group by all) using (district_code, year)
        where measure = 'value_added_cny10k' and method = 'combination'
        """
    ).fetchone()
    assert rows[0] == 370 and rows[1] < 1e-9


def test_the_back_test_is_the_one_that_the_page_shows(marts: duckdb.DuckDBPyConnection) -> None:
    """docs/forecast-accuracy.md: MASE, trials and coverage of the combination, and drift beside it."""
    found = marts.execute(
        """
        select horizon, round(own.mase_ratio, 2), own.trials, round(own.coverage_ratio, 3), round(drift.mase_ratio, 2),
            own.combined_beats_baselines
        from fct_forecast_accuracy as own
        join fct_forecast_accuracy as drift using (base_year, measure, horizon)
        where measure = 'value_added_cny10k' and own.method = 'combination' and drift.method = 'drift'
            and horizon in (1, 3, 5)
        order by horizon
        """
    ).fetchall()
    assert found == [
        (1, 0.67, 1170, 0.934, 0.69, True),
        (3, 2.12, 874, 0.948, 2.21, True),
        (5, 4.23, 595, 0.983, 4.74, True),
    ]


def test_a_method_that_fails_its_test_says_so(marts: duckdb.DuckDBPyConnection) -> None:
    found = dict(
        marts.execute(
            "select rejected_reason, count(*) from fct_activity_forecast where method = 'gm11' and year = 2018"
            " and measure = 'value_added_cny10k' group by all"
        ).fetchall()
    )
    assert found == {None: 47, "level_ratio_outside_band": 95, "posterior_test_failed": 6}
