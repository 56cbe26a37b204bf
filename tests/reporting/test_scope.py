"""The pages of districts and zones: their figures are the city's in parts, and every figure can be followed."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import duckdb
import page_parser
import pytest
import report_snapshot

from reporting.marts import COLUMNS
from reporting.report import pages
from reporting.scope import Scope, safe

YEAR = report_snapshot.YEAR


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city with every table and column that the report reads, with low-efficiency land, changes and results."""
    path = report_snapshot.write(tmp_path_factory.mktemp("scope") / "current.duckdb")
    with duckdb.connect(str(path)) as con:
        _complete(con)
        con.execute("update marts.dim_parcel set zone_code = 'Z1' where district_code = '440112'")
        con.execute("update marts.fct_stage_due set parcel_code = 'P000000'")
        con.execute(
            "insert into marts.fct_low_efficiency_parcel by name select parcel_code, year, district_code, zone_code, "
            "site_area_m2, ['vacant', 'low_output'] as reasons, 'vacant' as main_reason, site_area_m2 / 2 as "
            "releasable_area_m2, true as illustrative from marts.dim_parcel where is_industrial "
            "and parcel_code < 'P000005'"
        )
        con.execute(
            "insert into marts.fct_score_change by name select scale, unit_code, year, scheme_code, scheme_version, "
            "score, grade, score - 2 as previous_score, 2.0 as score_change, score / 7 as data_effect, "
            "-1.0 as weight_effect, 0.0 as ideal_effect, grade as previous_grade from marts.fct_score where rated"
        )
        con.execute(
            "insert into marts.fct_public_notice by name select 'GS-1' as notice_no, 2024 as year, "
            "date '2025-06-03' as start_date, date '2025-06-12' as deadline"
        )
        con.execute(
            "insert into marts.fct_objection by name select 'YY-' || parcel_code as objection_no, year, 'parcel' as "
            "scale, parcel_code as unit_code, 'plot_ratio' as indicator_code, date '2025-06-13' as received_date, "
            "date '2025-06-12' as deadline, 'late' as state from marts.dim_parcel "
            "where parcel_code between 'P' and 'P000002'"
        )
        con.execute(
            "insert into marts.fct_publication_change by name select scale, unit_code, year, scheme_code, "
            "scheme_version, 'before' as from_run_id, score - 1 as score_before, score as score_after, 'D' as "
            "grade_before, grade as grade_after, 'objection' as cause, 'YY-1' as objection_nos from marts.fct_score "
            "where rated and scale = 'parcel'"
        )
        con.execute(
            "insert into marts.fct_stage_result by name select 'XY-1' as agreement_no, '达产' as stage, 2024 as "
            "evaluation_year, '不达标' as result, '440112' as district_code, 'Z1' as zone_code, "
            "'P000000' as parcel_code"
        )
    return path


def _complete(con: duckdb.DuckDBPyConnection) -> None:
    for table, columns in COLUMNS.items():
        con.execute(f"create table if not exists marts.{table} ({columns})")
        have = {r[0] for r in con.execute(f"describe marts.{table}").fetchall()}
        for column in columns.split(", "):
            if column.split()[0] not in have:
                con.execute(f"alter table marts.{table} add column {column}")


@pytest.fixture(scope="module")
def found(snapshot: Path) -> dict[str, str]:
    return dict(pages(snapshot, YEAR))


@pytest.fixture(scope="module")
def parsed(found: dict[str, str]) -> dict[str, page_parser.Element]:
    return {name: page_parser.parse(page) for name, page in found.items()}


def test_every_unit_has_a_page_and_the_index_links_them(found, parsed):
    units = [f"district-{code}.html" for code in report_snapshot.DISTRICTS]
    assert list(found) == ["city.html", *units, "zone-Z1.html", "index.html"]
    links = [a.attributes["href"] for a in parsed["index.html"].all("a")]
    assert links == list(found)[:-1]


@pytest.mark.parametrize(
    ("table", "column"), [("low-reasons", 1), ("score-change", 1), ("due-states", 1), ("stage-results", 1)]
)
def test_the_districts_add_up_to_the_city(parsed, table, column):
    def count(name: str) -> int:
        there = [t for t in parsed[name].all("table") if t.attributes.get("id") == table]
        return sum(int(row[column]) for t in there for row in t.table())

    parts = [count(name) for name in parsed if name.startswith("district-")]
    assert sum(parts) == count("city.html") > 0 and max(parts) > 0


def test_objections_and_changes_belong_to_their_units(parsed):
    def rows(name: str, table: str) -> list[list[str]]:
        return [row for t in parsed[name].all("table") if t.attributes.get("id") == table for row in t.table()]

    city = {row[0] for row in rows("city.html", "objection-list")}
    parts = [{row[0] for row in rows(name, "objection-list")} for name in parsed if name.startswith("district-")]
    assert city == {"YY-P000000", "YY-P000001", "YY-P000002"} == set().union(*parts)
    assert sum(map(len, parts)) == 3
    (city_run,) = rows("city.html", "earlier-runs")
    changed = [int(row[1]) for name in parsed if name.startswith("district-") for row in rows(name, "earlier-runs")]
    assert sum(changed) == int(city_run[1]) > 0
    assert all("逾期" in row for row in rows("city.html", "objection-list"))


def test_grades_of_the_districts_add_up_to_the_citys(parsed):
    def counts(name: str) -> dict[str, int]:
        return {row[0]: int(row[1]) for t in parsed[name].all("table", class_="grades") for row in t.table()}

    city = counts("city.html")
    parts = [counts(name) for name in parsed if name.startswith("district-")]
    assert city == {grade: sum(p.get(grade, 0) for p in parts) for grade in city}


def test_a_district_stands_beside_the_city(parsed):
    table = parsed["district-440113.html"].id("district-table")
    assert [r.attributes["data-unit"] for r in table.all("tbody")[0].all("tr")] == ["440113", "440100"]
    (city,) = table.all("tr", data_unit="440100")
    assert city.all("td", data_column="parcels")[0].value == 12, "all of the city, not of the district"
    assert "全市" in parsed["district-440113.html"].id("summary").text


def test_a_zone_has_its_own_parcels_only(parsed):
    page = parsed["zone-Z1.html"]
    units = {r.attributes["data-unit"] for r in page.id("lowest").all("tbody")[0].all("tr")}
    assert units == {f"P{i:06d}" for i in range(0, 12, 3)}
    assert "不按开发区" in page.id("land").text and not page.all("section", id="districts")


def test_every_query_of_a_page_runs_and_returns_its_figures(snapshot, parsed):
    with duckdb.connect(str(snapshot), read_only=True) as con:
        for name, page in parsed.items():
            for shown in page.all("details", class_="origin"):
                con.execute(shown.all("code")[0].text).fetchall()
            if name == "index.html":
                continue
            (low,) = [q for q in _queries(page) if "fct_low_efficiency_parcel" in q] or ["select 1 limit 0"]
            total = sum(row[1] for row in con.execute(low).fetchall())
            assert total == sum(int(r[1]) for t in page.all("table") if t.attributes.get("id") == "low-reasons"
                                for r in t.table()), name  # fmt: skip
            scored = con.execute(next(q for q in _queries(page) if "median(score)" in q)).fetchall()
            grades = sum(int(r[1]) for t in page.all("table", class_="grades") for r in t.table())
            assert sum(row[4] for row in scored) == grades, name


def _queries(page: page_parser.Element) -> list[str]:
    return [unescape(d.all("code")[0].text) for d in page.all("details", class_="origin")]


def test_hostile_names_and_codes_stay_text_on_every_page(snapshot, tmp_path):
    path = tmp_path / "current.duckdb"
    path.write_bytes(snapshot.read_bytes())
    code = "../Z'<b>"
    with duckdb.connect(str(path)) as con:
        for table in ("dim_zone", "fct_zone_year"):
            con.execute(f"update marts.{table} set zone_code = ?", [code])
        con.execute("update marts.dim_zone set name_zh = ?", [report_snapshot.XSS])
        con.execute("update marts.dim_parcel set zone_code = ? where zone_code is not null", [code])
        con.execute("update marts.dim_unit set name_zh = ?", [report_snapshot.XSS])
    found = dict(pages(path, YEAR))
    assert f"zone-{safe(code)}.html" in found and "/" not in safe(code)
    for name, page in found.items():
        assert "<script>alert" not in page and "<img" not in page and "<b>" not in page, name


def test_file_names_differ_where_codes_do():
    codes = ["a/b", "a~2Fb", "a%2Fb", "a b", "长" * 80, "长" * 81, "A-1_.x"]
    assert len({safe(c) for c in codes}) == len(codes)
    assert safe("A-1_.x") == "A-1_.x" and all(len(safe(c)) <= 120 and safe(c).isascii() for c in codes)
    assert Scope("district", "x/y", "").page == "district-x~2Fy.html"


def test_equal_marts_give_equal_pages(snapshot, found):
    assert dict(pages(snapshot, YEAR)) == found


def test_the_order_of_rows_changes_nothing(snapshot, found, tmp_path):
    path = tmp_path / "current.duckdb"
    path.write_bytes(snapshot.read_bytes())
    with duckdb.connect(str(path)) as con:
        for table in ("fct_score", "fct_score_change", "fct_low_efficiency_parcel", "dim_parcel", "fct_land_supply"):
            con.execute(f"create temp table kept as select * from marts.{table}")
            con.execute(f"delete from marts.{table}; insert into marts.{table} from kept order by rowid desc")
            con.execute("drop table kept")
    assert dict(pages(path, YEAR)) == found


@pytest.mark.parametrize("empty_tables", [True, False])
def test_a_city_with_parcels_only_has_district_pages(tmp_path, empty_tables):
    path = report_snapshot.write_bare(tmp_path / "current.duckdb", empty_tables=empty_tables)
    found = dict(pages(path, YEAR))
    assert not [n for n in found if n.startswith("zone-")]
    page = page_parser.parse(found["district-440112.html"])
    for chapter in ("change", "low", "land", "contracts"):
        assert page.id(chapter).all("p", class_="missing"), chapter
