"""Whose row is it, and who may see it: without a server."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from landgauge.errors import ConfigurationError
from landgauge.settings import POLICY
from warehouse import views
from warehouse.publish import registry
from warehouse.serving import rows
from warehouse.serving.permissions import Key, permissions
from warehouse.serving.tables import tables

HEADER = (POLICY / "permission.csv").read_text(encoding="utf-8").splitlines()[0]


@pytest.fixture(scope="module")
def con(snapshot):
    with duckdb.connect(str(snapshot), read_only=True) as opened:
        yield opened


def seen(con, name: str, columns: str, least: int | None = 3) -> dict:
    """District and street that see each row, by its columns."""
    rows.make_places(con, least)
    table = next(t for t in tables(con) if t.name == name)
    sql = f"select {columns}, access_district, access_town from ({rows.select(con, name, table.columns)})"
    return {row[:-2] if len(row) > 3 else row[0]: row[-2:] for row in con.execute(sql).fetchall()}


def test_every_published_table_is_classified():
    published = set(registry()) | {view.name for view in views.registry()} | {"fct_run"}
    assert published - set(rows.content()["rows"]) == set()
    assert {rows.rule(name).kind for name in published} == {"open", "sums", "city", "units"}


def test_a_row_of_a_year_is_the_district_s_of_that_year(con):
    found = seen(con, "fct_score", "scale || ' ' || unit_code || ' ' || year")
    assert found["parcel moved 2023"] == ("A", "A1")
    assert found["parcel moved 2024"] == ("B", "B1")
    assert found["zone Z 2024"] == ("A", None)
    assert found["district C 2024"] == ("C", None)
    assert found["industry 2017:C 2024"] == (None, None)
    assert found["city CITY 2024"] == ("*", "*")


@pytest.mark.parametrize(("least", "expected"), [(3, ("*", "*")), (4, (None, None)), (None, (None, None))])
def test_sums_of_the_city_are_open_where_enough_districts_lie_in_them(con, least, expected):
    assert seen(con, "fct_city_year", "city_code", least) == {"CITY": expected}


def test_the_city_s_code_among_the_districts_is_a_sum(con):
    found = seen(con, "fct_land_gap", "district_code")
    assert found == {"A": ("A", None), "CITY": ("*", "*"), "unheard": (None, None)}
    assert seen(con, "fct_land_gap", "district_code", 4)["CITY"] == (None, None)


def test_a_row_about_two_parcels_is_seen_by_who_may_see_both(con):
    found = seen(con, "qc_parcel_overlap", "coalesce(other_parcel_code, '-')")
    assert found == {"vacant": ("A", "A1"), "moved": (None, None), "unheard": (None, None), "-": (None, None)}


def test_a_list_of_others_counts_too(con):
    found = seen(con, "qc_parcel_unpaired", "coalesce(candidate_usccs::varchar, '-')")
    assert found == {"[]": ("A", "A1"), "[firm]": (None, None), "-": (("A", "A1"))}


def test_an_agreement_s_rows_are_its_district_s(con):
    found = seen(con, "fct_warning", "coalesce(agreement_no, '-')")
    assert found == {"X-1": ("B", "B1"), "X-2": ("A", None), "-": (None, None)}


@pytest.mark.parametrize("table", ["fct_unheard_of", "fct_quarantine", "fct_measure"])
def test_what_is_not_classified_or_lacks_the_columns_is_the_city_s(con, table):
    assert set(seen(con, table, "1").values()) == {(None, None)}


def test_roles_follow_the_districts_and_streets_of_the_city(con):
    found = permissions(con)
    assert found.roles == ("landgauge_A", "landgauge_A1", "landgauge_B", "landgauge_B1", "landgauge_C")
    assert Key("landgauge_A", "district", "OLD") in found.keys  # what was merged into it
    assert [k.code for k in found.keys if k.role == "landgauge_B1"] == ["B1"]
    assert found.min_districts == 3


def seed(folder: Path, *lines: str) -> Path:
    (folder / "permission.csv").write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return folder


def test_rows_of_one_name_add_up_and_pass_with_their_years(con, tmp_path):
    east = [f"east,district,{code},,,,{until},东片,,,true" for code, until in (("B", ""), ("C", ""), ("A", "2023"))]
    assert [k.code for k in permissions(con, seed(tmp_path, *east)).keys if k.role == "east"] == ["B", "C"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("everyone,district,*,,,,,,,,true", "no name for a role"),
        ("landgauge_city,district,A,,,,,,,,true", "two kinds of row share"),
        ("landgauge_reader,street,,A1,,,,,,,true", "two kinds of row share"),
        ("boss,city,,,,,,,,,true", "role of the city"),
        (f"{'x' * 64},district,A,,,,,,,,true", "no name for a role"),
        ("a,village,A,,,,,,,,true", "unknown kind"),
        ("a,district,A,,,soon,,,,,true", "soon"),
        (",city_sums,,,many,,,,,,true", "many"),
    ],
)
def test_a_seed_that_cannot_be_understood_is_refused(con, tmp_path, line, message):
    with pytest.raises(ConfigurationError, match=message):
        permissions(con, seed(tmp_path, line))
