"""Top movers: the greatest rises and falls with their cause, on changes and components written by hand."""

from __future__ import annotations

import duckdb
import pytest

from warehouse import views

# unit, score, previous score, effects of data, ideal values and weights, reason
CHANGES = [
    ("P1", 80.0, 60.0, 25.0, -5.0, 0.0, None),
    ("P2", 70.0, 50.0, 0.0, 20.0, 0.0, None),
    ("P3", 70.0, 65.0, 5.0, 0.0, 0.0, None),
    ("P4", 10.0, 40.0, -5.0, -10.0, -15.0, None),
    ("P5", 50.0, 52.0, None, None, None, "not_comparable"),
    ("P6", None, 52.0, None, None, None, "not_rated"),
    ("P7", 50.0, 50.0, 1.0, -1.0, 0.0, None),
]
# unit, year, indicator, value, contribution: of P1 b moves more than a, and c, which was missing, most of all
PARTS = [
    ("P1", 2023, "a", 1.0, 30.0),
    ("P1", 2024, "a", 1.5, 32.0),
    ("P1", 2023, "b", 2.0, 30.0),
    ("P1", 2024, "b", 3.0, 35.0),
    ("P1", 2023, "c", None, None),
    ("P1", 2024, "c", 7.0, 13.0),
    ("P1", 2022, "a", 9.0, -99.0),
]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        "create schema marts; create table marts.dim_scoring_setting (setting varchar, value double);"
        "insert into marts.dim_scoring_setting values ('top_movers', 1), ('draws', 9);"
        "create table marts.fct_score_change (scale varchar, unit_code varchar, year integer, scheme_code varchar,"
        " scheme_version varchar, score double, previous_score double, score_change double, data_effect double,"
        " ideal_effect double, weight_effect double, no_effect_reason varchar,"
        " previous_run_id varchar, run_id varchar);"
        "create table marts.fct_score_component (scale varchar, unit_code varchar, year integer, scheme_code varchar,"
        " indicator_code varchar, value double, contribution double)"
    )
    con.executemany(
        "insert into marts.fct_score_change values ('parcel', $1, 2024, 's', '1', $2, $3, $2 - $3, $4, $5, $6, $7,"
        " 'r23', 'r24')",
        CHANGES,
    )
    con.executemany("insert into marts.fct_score_component values ('parcel', $1, $2, 's', $3, $4, $5)", PARTS)
    return con


def movers(con: duckdb.DuckDBPyConnection, columns: str) -> list[tuple]:
    views.create(con)
    return con.execute(
        f"select {columns} from marts.fct_top_mover order by direction desc, place, unit_code"
    ).fetchall()


def test_ties_share_a_place_and_are_all_listed(con):
    """One mover each way: P1 and P2 both rise by 20, P4 falls most; who did not move or has no change is none."""
    found = movers(con, "direction, place, tied_units, unit_code, cause, cause_effect")
    assert found == [
        ("rise", 1, 2, "P1", "data", 25.0),
        ("rise", 1, 2, "P2", "ideal_value", 20.0),
        ("fall", 1, 1, "P4", "weight", -15.0),
    ]


def test_data_name_the_indicator_that_moved_most_with_both_values(con):
    found = movers(con, "unit_code, indicator_code, previous_value, value, previous_contribution, contribution")
    assert found[0] == ("P1", "c", None, 7.0, None, 13.0)
    assert found[1] == ("P2", None, None, None, None, None)
    con.execute("delete from marts.fct_score_component where indicator_code = 'c'")
    assert movers(con, "indicator_code, previous_value, value")[0] == ("b", 2.0, 3.0)
    con.execute("delete from marts.fct_score_component")
    assert movers(con, "cause, indicator_code")[0] == ("data", None)


def test_more_places_and_a_change_that_could_not_be_split(con):
    con.execute("update marts.dim_scoring_setting set value = 3 where setting = 'top_movers'")
    found = movers(con, "direction, place, unit_code, cause, no_effect_reason")
    assert found[2] == ("rise", 3, "P3", "data", None)
    assert found[-1] == ("fall", 2, "P5", None, "not_comparable") and len(found) == 5


def test_every_column_is_described(con):
    assert views.create(con) == ["fct_top_mover"]
    names = [row[0] for row in con.execute("describe marts.fct_top_mover").fetchall()]
    view = next(v for v in views.registry() if v.name == "fct_top_mover")
    assert list(view.columns) == names and all("(" in text for text in view.columns.values())
