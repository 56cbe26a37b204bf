"""The page as a whole: self-contained, safe against names from files, the same for equal marts, honest about gaps."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import duckdb
import page_parser
import pytest
import report_snapshot

from landgauge.errors import StageFailed
from reporting.report import render, report


def test_nothing_is_loaded_from_anywhere(page, document):
    for element in document.walk():
        assert element.tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        for name, value in element.attributes.items():
            assert name not in {"src", "srcset", "action", "background"} and not name.startswith("on"), name
            assert name != "href" or value.startswith("#") or value == "index.html", value
    assert not re.search(r"https?://|@import|url\(", page, re.IGNORECASE)


def test_policy_lets_only_the_pages_own_script_run(document):
    (script,) = [s for s in document.all("script") if "type" not in s.attributes]
    assert [s.attributes["id"] for s in document.all("script", type="application/json")] == ["english"]
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    (policy,) = [m.attributes["content"] for m in document.all("meta", http_equiv="Content-Security-Policy")]
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy and "unsafe-eval" not in policy


def test_names_from_files_are_text(page, document):
    """The parcel's name and the rejected file's name carry markup; it must be shown and never parsed."""
    assert report_snapshot.XSS not in page
    (row,) = document.id("lowest").all("tr", data_unit="P000000")
    assert report_snapshot.XSS in row.text
    assert report_snapshot.XSS in document.id("rejected").text
    assert any(report_snapshot.XSS in t.text for t in document.id("map").all("title"))


def test_every_name_on_the_page_is_escaped(tmp_path):
    """Every text of every table is hostile: whichever of them the page shows, none may become an element."""
    path = report_snapshot.write(tmp_path / "current.duckdb")
    with duckdb.connect(str(path)) as con:
        texts = con.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' "
            "and data_type = 'VARCHAR' and column_name in ('name_zh', 'reason', 'message_zh', 'next_step', "
            "'department', 'obligation', 'source', 'document', 'formula_zh', 'unit', 'grade_name_zh', "
            "'rejected_reason', 'not_rated_reason', 'approved_by', 'agreement_no', 'file_name', 'git_sha', 'note')"
        ).fetchall()
        for table, column in texts:
            con.execute(f"update marts.{table} set {column} = ? where {column} is not null", [report_snapshot.XSS])
    page = render(path, report_snapshot.YEAR)
    assert len(texts) > 15 and page.count("&lt;script&gt;alert(") > 40
    assert "<script>alert" not in page and "<img" not in page
    page_parser.parse(page)


def test_equal_marts_give_equal_bytes(written):
    assert written() == written()  # the clock of fct_run and fct_load differs between the two


@pytest.mark.parametrize(("state", "word", "other"), [("provisional", "暂定", "最终"), ("final", "最终", "暂定")])
def test_title_says_city_year_and_state(written, state, word, other):
    (heading,) = page_parser.parse(written(state=state)).all("h1")
    assert heading.text == f"示例市 2024 年产业用地后评估报告{word}" and other not in heading.text


def test_generated_data_are_labelled_and_real_data_are_not(written):
    assert "生成数据（示例）" in written(generated=True)
    assert "生成数据" not in written(generated=False)


def test_what_the_city_says_of_its_data_stands_at_the_top(written):
    assert '<p class="banner">数据&lt;说明&gt;</p>' in written()


def test_illustrative_scheme_is_noted(document):
    assert "示意权重" in document.id("summary").text
    assert "示意权重" in document.id("scores").text


def test_approval_of_the_same_run_outlives_a_later_provisional_run(tmp_path):
    """The same rows were approved: publishing them once more without a name takes nothing back."""
    path = report_snapshot.write(tmp_path / "current.duckdb", state="final")
    with duckdb.connect(str(path)) as con:
        con.execute(
            "insert into marts.fct_run select * replace ('provisional' as state, null as approved_by, "
            "published_at + interval 1 day as published_at) from marts.fct_run"
        )
    assert "批准：土地管理委员会" in render(path, 2024)


def test_an_older_approved_run_does_not_make_new_rows_final(tmp_path):
    path = report_snapshot.write(tmp_path / "current.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute(
            "insert into marts.fct_run select * replace ('older' as run_id, 'final' as state, 'x' as approved_by) "
            "from marts.fct_run"
        )
    page = page_parser.parse(render(path, 2024))
    assert "暂定" in page.all("h1")[0].text and report_snapshot.RUN in page.id("run").text


@pytest.mark.parametrize("empty_tables", [True, False])
def test_city_with_parcels_only(written, empty_tables):
    """Missing tables and empty tables alike: a sentence each, no chart, no table, no error."""
    page = page_parser.parse(written(report_snapshot.write_bare, empty_tables=empty_tables))
    for chapter, dataset in (
        ("scores", "企业"),
        ("land", "区域年度统计"),
        ("contracts", "监管协议"),
        ("zones", "开发区"),
    ):
        text = page.id(chapter).text
        assert "register_not_loaded" in text and dataset in text, chapter
        assert not page.id(chapter).all("svg") and not page.id(chapter).all("table"), chapter
    assert "没有可用的企业数据" in page.id("summary").text
    assert page.id("map").all("path"), "parcels are drawn though none is scored"
    assert {g.attributes["class"] for g in page.id("map").all("g")} == {"gx"}


def test_missing_figures_say_why(written):
    page = page_parser.parse(written(report_snapshot.write_bare, empty_tables=True))
    (city,) = page.id("district-table").all("tr", data_unit="440100")
    (cell,) = city.all("td", data_column="output_cny10k")
    assert cell.value is None and "register_not_loaded" in cell.all("abbr")[0].attributes["title"]


def test_snapshot_or_year_that_is_not_there(settings, written):
    with pytest.raises(StageFailed, match="nothing is published"):
        report(settings)
    written()
    with pytest.raises(StageFailed, match="2019 is not published"):
        report(replace(settings, year=2019))
    settings.snapshot.write_bytes(b"not a database")
    with pytest.raises(StageFailed, match="cannot be read"):
        report(settings)


def test_a_failed_report_leaves_the_old_page(settings, written):
    page = written()
    settings.snapshot.write_bytes(b"not a database")
    with pytest.raises(StageFailed):
        report(settings)
    folder = settings.published / "report" / "2024"
    assert (folder / "city.html").read_text(encoding="utf-8") == page
    districts = [f"district-{code}.html" for code in report_snapshot.DISTRICTS]
    assert sorted(p.name for p in folder.iterdir()) == ["city.html", *districts, "index.html", "scores", "zone-Z1.html"]
