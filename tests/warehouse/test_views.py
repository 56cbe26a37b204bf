"""The views over all published years, on a small snapshot written by hand."""

from __future__ import annotations

import duckdb
import pytest

from warehouse import views

# year, district, the district that holds its land
SUCCESSION = [
    *((2021, "A", "A"), (2021, "B", "B"), (2022, "A", "A"), (2022, "B", "B")),
    *((2023, "A", "A"), (2023, "B", "A"), (2023, "N", "N")),
]
PLAIN, OF_RATIOS = "land_output_cny10k_per_ha", "gdp_land_elasticity_ratio"
# district, year, numerator, denominator of a plain ratio; in 2023 A holds the land of B
PARTS = [
    ("A", 2021, 100.0, 10.0),
    ("B", 2021, 60.0, 30.0),
    ("A", 2022, 120.0, 10.0),
    ("B", 2022, 80.0, 30.0),
    ("A", 2023, 300.0, 40.0),
    ("N", 2023, 50.0, 5.0),
]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema marts")
    con.execute(
        "create table marts.bridge_district_succession (year integer, district_code varchar, unit_code varchar, "
        "is_split boolean)"
    )
    con.execute(
        "create table marts.fct_indicator_value (scale varchar, unit_code varchar, year integer, "
        "indicator_code varchar, value double, null_reason varchar, numerator double, denominator double, "
        "run_id varchar)"
    )
    con.execute(
        "create table marts.fct_parcel_year (parcel_code varchar, year integer, site_area_m2 double, "
        "output_cny10k double, run_id varchar)"
    )
    con.executemany("insert into marts.bridge_district_succession values (?, ?, ?, false)", SUCCESSION)
    for unit, year, numerator, denominator in PARTS:
        for code in (PLAIN, OF_RATIOS):
            _value(con, "district", unit, year, code, numerator, denominator)
    return con


def _value(con, scale: str, unit: str, year: int, code: str, numerator: float | None, denominator: float) -> None:
    value = None if numerator is None else numerator / denominator
    reason = "value_missing" if numerator is None else None
    row = [scale, unit, year, code, value, reason, numerator, denominator, f"run{year}"]
    con.execute("insert into marts.fct_indicator_value values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _changes(con, where: str) -> list[tuple]:
    return con.execute(
        "select previous_year, previous_value, growth_ratio, growth_null_reason, base_year, base_value, index_to_base "
        f"from marts.fct_indicator_change where {where} order by year"
    ).fetchall()


def test_a_merged_district_is_compared_with_sums_of_its_predecessors(con):
    """2022: (120 + 80) / (10 + 30); 2021: (100 + 60) / 40. Until then A stands alone."""
    views.create(con)
    assert _changes(con, f"unit_code = 'A' and indicator_code = '{PLAIN}'") == [
        (None, None, None, "no_previous_year", 2021, 10, 100),
        (2021, 10, pytest.approx(0.2), None, 2021, 10, 120),
        (2022, 5, pytest.approx(0.5), None, 2021, 4, pytest.approx(187.5)),
    ]


def test_parts_that_are_growth_ratios_are_not_summed(con):
    views.create(con)
    assert _changes(con, f"unit_code = 'A' and indicator_code = '{OF_RATIOS}'")[2][:4] == (
        *(2022, None, None),
        "not_additive",
    )


def test_a_new_district_has_no_previous_value(con):
    views.create(con)
    assert _changes(con, f"unit_code = 'N' and indicator_code = '{PLAIN}'")[0][3] == "no_previous_year"


def test_a_code_in_its_last_year_without_parcels_has_gone_already(con):
    """B is valid through 2022, but its parcels of 2022 stand under A: A's base of 2021 holds B's."""
    con.execute("update marts.bridge_district_succession set unit_code = 'A' where district_code = 'B' and year = 2022")
    views.create(con)
    assert _changes(con, f"unit_code = 'A' and year = 2022 and indicator_code = '{PLAIN}'")[0][:2] == (2021, 4)


def test_other_scales_and_reasons(con):
    """A base of 0 or below has no growth, a missing value neither, a gap year no previous one; parcels are left out."""
    for year, numerator in ((2019, 5.0), (2021, 0.0), (2022, -4.0), (2023, 8.0), (2024, None)):
        _value(con, "zone", "Z", year, PLAIN, numerator, 2.0)
    _value(con, "parcel", "P", 2023, PLAIN, 1.0, 1.0)
    views.create(con)
    assert [row[3] for row in _changes(con, "unit_code = 'Z'")] == [
        *("no_previous_year", "no_previous_year", "zero_denominator", "negative_base", "value_missing"),
    ]
    assert [row[6] for row in _changes(con, "unit_code = 'Z'")] == [100, 0, -80, 160, None]
    assert _changes(con, "scale = 'parcel'") == []
    assert con.execute("select run_id from marts.fct_indicator_change where unit_code = 'N'").fetchone() == ("run2023",)


def test_mean_of_three_years_over_the_site_area_of_the_last(con):
    rows = [("P", 2021, 5000, 10), ("P", 2022, 5000, 20), ("P", 2023, 10000, 60), ("P", 2024, 10000, None)]
    rows += [("G", 2021, 100, 1), ("G", 2023, 100, 1)]
    con.executemany("insert into marts.fct_parcel_year values (?, ?, ?, ?, 'run')", rows)
    views.create(con)
    found = con.execute(
        "select parcel_code, year, years_counted, land_output_three_year_cny10k_per_ha, null_reason "
        "from marts.fct_parcel_three_year order by 1, 2"
    ).fetchall()
    assert found == [
        ("G", 2021, 1, None, "too_few_years"),
        ("G", 2023, 2, None, "too_few_years"),
        ("P", 2021, 1, None, "too_few_years"),
        ("P", 2022, 2, None, "too_few_years"),
        ("P", 2023, 3, pytest.approx(30.0), None),
        ("P", 2024, 2, None, "value_missing"),
    ]


def test_every_column_of_a_view_is_described_in_both_languages(con):
    assert views.create(con) == ["fct_indicator_change", "fct_parcel_three_year"]
    comments = con.execute(
        "select table_name, column_name, comment from duckdb_columns() "
        "where table_name in ('fct_indicator_change', 'fct_parcel_three_year')"
    ).fetchall()
    assert len(comments) > 20
    undescribed = [row[:2] for row in comments if not row[2] or row[2].isascii() or "(" not in row[2]]
    assert undescribed == []


def test_a_view_without_its_tables_waits(con):
    con.execute("drop table marts.fct_parcel_year")
    assert views.create(con) == ["fct_indicator_change"]
