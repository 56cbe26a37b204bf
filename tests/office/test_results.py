"""Workbooks of results: values as in the marts, text that stays text, and what LibreOffice makes of them."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import pytest
import report_snapshot

from landgauge.errors import ConfigurationError, StageFailed
from reporting.contracts.sheets import SHEETS, Column
from reporting.returns.cells import STARTS_FORMULA
from reporting.workbooks.book import Line, Table, harmless, write
from reporting.workbooks.outputs import write_workbooks

YEAR = report_snapshot.YEAR
HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    '=HYPERLINK("http://x.invalid","y")',
    "=cmd|' /C calc'!A0",
    "<b>&amp;</b>",
    "_x0041_",
    "a\x00b\x1bc\ufffe",
    "长" * 40_000,
    "007",
    "440113105002GB00010",
    "1E5",
    "2024-01-02",
)


def read(path: Path) -> dict[str, list[tuple[object, ...]]]:
    return {s.title: list(s.iter_rows(values_only=True)) for s in openpyxl.load_workbook(path).worksheets}


def column(rows: list[tuple[object, ...]], header: str) -> list[object]:
    place = rows[0].index(header)
    return [row[place] for row in rows[1:]]


def same(one: dict, other: dict) -> bool:
    """Equal keys, equal gaps, and equal numbers to 16 digits."""
    gaps = [{key for key, value in some.items() if value is None} for some in (one, other)]
    rest = [{key: value for key, value in some.items() if value is not None} for some in (one, other)]
    return gaps[0] == gaps[1] and rest[0] == pytest.approx(rest[1], rel=1e-15)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("warehouse")
    (folder / "published").mkdir()
    snapshot = report_snapshot.write(folder / "published" / "current.duckdb")
    with duckdb.connect(str(snapshot)) as con:
        con.execute("update marts.dim_unit set name_zh = '=1+1' where unit_code = 'P000002'")
        con.execute("update marts.dim_unit set name_zh = '../区[1]:*?' where unit_code = '440115'")
    return folder


@pytest.fixture(scope="module")
def books(warehouse) -> Path:
    write_workbooks(warehouse, YEAR)
    return warehouse / "published" / "workbooks" / str(YEAR)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """A book of every hostile text, in the words of the first sheet too."""
    path = tmp_path_factory.mktemp("hostile") / "book.xlsx"
    rows = [(text, 1.5, date(2024, 2, 29), 0.25, None, 2024) for text in HOSTILE]
    forms = ("text", "number", "date", "share", "number", "year")
    columns = tuple(Column(f"列{n}", f"c{n}", form) for n, form in enumerate(forms))
    write(path, [Line((text,)) for text in HOSTILE], [Table("表", columns, len(rows), lambda: rows)])
    return path


def test_text_stays_text(hostile):
    book = openpyxl.load_workbook(hostile)
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s", "n", "d"}
    texts = [cell.value for cell in book["表"]["A"][1:]]
    assert len(texts) == len(HOSTILE)
    assert not any(text.lstrip().startswith(STARTS_FORMULA) for text in texts)
    assert texts[0] == "'=1+1" and texts[-4:] == list(HOSTILE[-4:])


def test_forms_of_numbers_and_dates(hostile):
    row = openpyxl.load_workbook(hostile)["表"][2]
    assert [cell.number_format for cell in row] == ["@", "#,##0.00##", "yyyy-mm-dd", "0.0%", "General", "0"]
    assert row[2].value.date() == date(2024, 2, 29)
    assert row[4].value is None


def test_a_long_list_goes_on_in_further_sheets(tmp_path):
    rows = [(i,) for i in range(7)]
    path = tmp_path / "long.xlsx"
    write(path, [], [Table("表", (Column("号", "n", "whole"),), 7, lambda: rows)], most=3)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["说明", "表 (1)", "表 (2)", "表 (3)"]
    assert [c.value for s in book.worksheets[1:] for c in s["A"][1:]] == list(range(7))
    assert all(s.freeze_panes == "A2" and s.auto_filter.ref.startswith("A1:A") for s in book.worksheets[1:])


def test_equal_marts_give_equal_bytes(warehouse, books, tmp_path):
    write_workbooks(warehouse, YEAR, tmp_path / "again")
    files = sorted(path.relative_to(books) for path in books.rglob("*.xlsx"))
    assert len(files) > 3
    assert all((books / f).read_bytes() == (tmp_path / "again" / f).read_bytes() for f in files)


def test_figures_are_the_marts(warehouse, books):
    with duckdb.connect(str(warehouse / "published" / "current.duckdb"), read_only=True) as con:
        scores = dict(con.execute("select unit_code, score from marts.fct_score where scale = 'parcel'").fetchall())
        ratios = dict(con.execute("select parcel_code, plot_ratio from marts.fct_parcel_year").fetchall())
    found = read(books / "全市.xlsx")
    ranked = found["宗地排名"]
    shown = dict(zip(column(ranked, "代码"), column(ranked, "得分（分）"), strict=True))
    assert same(shown, scores)
    missing = [code for code, score in scores.items() if score is None]
    reasons = dict(zip(column(ranked, "代码"), column(ranked, "未评级原因"), strict=True))
    assert all(reasons[code] for code in missing)
    values = found["宗地指标"]
    header = next(h for h in values[0] if str(h).startswith(("容积率", "plot_ratio")))
    assert same(dict(zip(column(values, "代码"), column(values, header), strict=True)), ratios)


def test_headers_stand_still_and_filter(books):
    for path in books.rglob("*.xlsx"):
        for sheet in openpyxl.load_workbook(path).worksheets[1:]:
            assert sheet.freeze_panes == "A2"
            assert sheet.auto_filter.ref == f"A1:{sheet.cell(max(sheet.max_row, 2), sheet.max_column).coordinate}"


def test_each_district_has_its_own_rows_only(books):
    found = {path.stem.split(" ")[0]: read(path) for path in (books / "行政区").iterdir()}
    assert set(found) == set(report_snapshot.DISTRICTS)
    whole = column(read(books / "全市.xlsx")["宗地排名"], "代码")
    parts = [code for book in found.values() for code in column(book["宗地排名"], "代码")]
    assert sorted(parts) == sorted(whole)


def test_the_first_sheet_says_what_it_is(books):
    lines = [row for row in read(books / "全市.xlsx")["说明"] if row[0]]
    text = "\n".join(str(row[0]) for row in lines)
    facts = {row[0]: row[1] for row in lines}
    assert "生成数据" in text and "示意" in text and "公示稿" in str(facts["状态"])
    assert facts["评价年度"] == str(YEAR) and facts["运行标识"] == report_snapshot.RUN


@pytest.mark.parametrize("empty_tables", [True, False])
def test_a_city_of_parcels_only(tmp_path, empty_tables):
    (tmp_path / "published").mkdir()
    report_snapshot.write_bare(tmp_path / "published" / "current.duckdb", empty_tables=empty_tables)
    assert write_workbooks(tmp_path, YEAR).rows["workbooks"] >= 2


def test_wrong_calls_say_what_to_do(warehouse):
    with pytest.raises(ConfigurationError, match="no unit of 2024 lies in district 999999"):
        write_workbooks(warehouse, YEAR, warehouse / "none", "999999")
    with pytest.raises(StageFailed, match="2011"):
        write_workbooks(warehouse, 2011, warehouse / "none")


def test_years_are_written_as_years():
    forms = {c.form for sheet in SHEETS for c in sheet.columns if c.name.endswith("year")}
    assert forms == {"year"}


@pytest.mark.acceptance
def test_libreoffice_shows_the_same_values(books, office):
    for path in (books / "全市.xlsx", next((books / "行政区").iterdir())):
        opened = office(path, "xlsx")
        before, after = read(path), read(opened)
        assert list(before) == list(after)
        for title, rows in before.items():
            for one, other in zip(rows, after[title], strict=False):
                for a, b in zip(one, other, strict=False):
                    assert a == pytest.approx(b, rel=1e-14) if isinstance(a, float) else a == b, title
        lists = [sheet for sheet in openpyxl.load_workbook(opened).worksheets if sheet.title != "说明"]
        assert all(sheet.auto_filter.ref for sheet in lists)


@pytest.mark.acceptance
def test_hostile_text_comes_through_libreoffice_and_csv(hostile, office, tmp_path):
    shown = openpyxl.load_workbook(office(hostile, "xlsx"))
    formulas = [c for s in shown.worksheets for row in s.iter_rows() for c in row if c.data_type == "f"]
    assert formulas == []
    assert [c.value for c in shown["表"]["A"][1:]] == [harmless(text) for text in HOSTILE]
    kind = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"
    saved = office(hostile, kind)
    with saved.open(encoding="utf-8", newline="") as handle:
        texts = [row[0] for row in csv.reader(handle)]
    assert len(texts) == len(HOSTILE) + 1
    assert not any(text.lstrip().startswith(STARTS_FORMULA) for text in texts)
    plain = tmp_path / "again.csv"
    plain.write_bytes(saved.read_bytes())
    again = openpyxl.load_workbook(office(plain, "xlsx"))
    assert not [c for row in again.worksheets[0].iter_rows() for c in row if c.data_type == "f"]


@pytest.mark.acceptance
def test_the_books_can_be_printed(books, office):
    assert office(books / "全市.xlsx", "pdf").read_bytes().startswith(b"%PDF")
