"""Workbooks through the reading process: cells as they stand, and workbooks that are broken, locked or endless."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path

import msoffcrypto.format.ooxml
import openpyxl
import pytest
import xlwt
from books import HEAD, in_sheet, rewritten, sheets, xlsx, zipped
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from ingestion.reading import Worker
from ingestion.refusal import Rejected

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "guangzhou_statistics"


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    with Worker(tmp_path_factory.mktemp("work")) as worker:
        yield worker


def rows(worker, tmp_path, content: bytes, name: str = "a.xlsx") -> list[list[str | None]]:
    return sheets(worker, tmp_path / name, content)["Sheet"]


def refusal(worker, tmp_path, content: bytes, name: str = "a.xlsx") -> str:
    with pytest.raises(Rejected) as refused:
        sheets(worker, tmp_path / name, content)
    assert refused.value.rule == "unreadable"
    return refused.value.detail


def error_cell(book: openpyxl.Workbook) -> None:
    book.active["A2"] = "#DIV/0!"
    book.active["A2"].data_type = "e"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (440112001001.0, "440112001001"),
        (9144010112345678901.0, "9.14401011234568E+18"),
        (0.1, "0.1"),
        (-5, "-5"),
        ("001", "001"),
        (True, "是"),
        (datetime.date(2020, 1, 2), "2020-01-02"),
        (datetime.datetime(2020, 1, 2, 3, 4), "2020-01-02 03:04:00"),
        (datetime.time(3, 4), "03:04:00"),
        (datetime.timedelta(hours=30), "30:00:00"),
        (" a\n\u00a0b\u00a0", "a\n\u00a0b"),
        ("#N/A", "#N/A"),
        ("=1+1", "=1+1"),
    ],
)
def test_cells(worker, tmp_path, cell, text):
    assert rows(worker, tmp_path, xlsx([["head"], [cell]])) == [["head"], [text]]


def test_a_percentage_counts_as_it_is_stored_and_1904_dates_as_they_are_meant(worker, tmp_path):
    def change(book):
        book.epoch = CALENDAR_MAC_1904
        book.active["A1"].number_format = "0%"

    assert rows(worker, tmp_path, xlsx([[0.35, datetime.date(2020, 1, 2)]], change)) == [["0.35", "2020-01-02"]]


def test_error_cells_are_text_never_missing(worker, tmp_path):
    assert rows(worker, tmp_path, xlsx([["x"]], error_cell)) == [["x"], ["#DIV/0!"]]
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet")
    sheet.write(0, 0, "x")
    sheet.row(1).set_cell_error(0, 0x2A)
    buffer = io.BytesIO()
    book.save(buffer)
    assert rows(worker, tmp_path, buffer.getvalue(), "a.xls") == [["x"], ["#N/A"]]


def test_a_formula_counts_by_its_stored_value_and_without_one_by_its_text(worker, tmp_path):
    given = xlsx([["x"], ["=1+1"], ["=A2"]])
    stored = in_sheet(given, b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")
    stored = in_sheet(stored, b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
    assert rows(worker, tmp_path, stored) == [["x"], ["2"], ["=A2"]]
    empty = in_sheet(stored, b'<c r="A3">', b'<c r="A3" t="str">')
    assert rows(worker, tmp_path, empty) == [["x"], ["2"]]


def test_hidden_rows_count_and_hidden_sheets_are_named(worker, tmp_path):
    def change(book):
        book.active.row_dimensions[2].hidden = True
        book.active.column_dimensions["A"].hidden = True
        book.create_chartsheet("chart")
        for state in ("hidden", "veryHidden"):
            sheet = book.create_sheet(state)
            sheet.append([state])
            sheet.sheet_state = state

    content = xlsx([["x"], ["1"]], change)
    found = sheets(worker, tmp_path / "a.xlsx", content)
    assert found["Sheet"] == [["x"], ["1"]]
    assert set(found) == {"Sheet", ""}
    assert [note for note in found[""] if "hidden" in note] == found[""] != []
    assert sheets(worker, tmp_path / "a.xlsx", content, "veryHidden")["veryHidden"] == [["veryHidden"]]


def test_macros_are_not_run_and_said(worker, tmp_path):
    content = rewritten(xlsx([["x"]]), lambda _, data: data)
    with zipfile.ZipFile(buffer := io.BytesIO(content), "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\0")
    assert "宏" in sheets(worker, tmp_path / "a.xlsx", buffer.getvalue())[""][0]


def test_the_old_format_under_the_new_name_and_the_other_way_round(worker, tmp_path):
    buffer = io.BytesIO()
    book = xlwt.Workbook()
    book.add_sheet("Sheet").write(0, 0, "汉")
    book.save(buffer)
    assert rows(worker, tmp_path, buffer.getvalue(), "a.xlsx") == [["汉"]]
    assert rows(worker, tmp_path, xlsx([["汉"]]), "a.xls") == [["汉"]]


def test_published_workbooks_of_the_old_format(worker):
    if not PUBLISHED.is_dir():
        pytest.skip("needs ../shared/data")
    for path in sorted(PUBLISHED.glob("*.xls")):
        (sheet,) = worker.read("sheet", path, sheet=None, head=HEAD)["sheets"]
        assert (sheet["head"][3][0] in ("地区", "指标"), sheet["width"]) == (True, 21)


def test_stray_cells_far_away(worker, tmp_path):
    def far(cell):
        return xlsx([["x"], ["1"]], lambda book: book.active.__setitem__(cell, 2))

    assert rows(worker, tmp_path, far("XFD5")) == [["x", None], ["1", None], [None, "2"]]
    assert "1048576" in refusal(worker, tmp_path, far("XFD1048576"))

    def coloured(book):
        book.active["XFD1048576"].fill = openpyxl.styles.PatternFill("solid", "FF0000")

    assert rows(worker, tmp_path, xlsx([["x"], ["1"]], coloured)) == [["x"], ["1"]]


def test_a_dimension_that_lies_does_no_harm(worker, tmp_path):
    content = in_sheet(xlsx([["x"], ["1"]]), b'ref="A1:A2"', b'ref="A1:XFD1048576"')
    assert rows(worker, tmp_path, content) == [["x"], ["1"]]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (in_sheet(xlsx([["x"]]), b'r="A1"', b'r="ZZZZZZ99999999"'), "99999999"),
        (in_sheet(xlsx([["x"]]), b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "a">]><worksheet'), "XML"),
        (zipped({"xl/worksheets/sheet1.xml": b"0" * 150_000_000}), "150 MB"),
        (xlsx([["x"]])[:3000], "truncated"),
        (zipped({"content.xml": b"<x/>"}), "ods"),
        (zipped({"xl/workbook.bin": b""}), "xlsb"),
        (zipped({"a.txt": b""}), "not a readable workbook"),
        (b"a,b\n1,2\n", "csv"),
        (b"<html><table>", "网页"),
        (b"\0" * 300, "其他格式"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ""),
    ],
)
def test_refused(worker, tmp_path, content, word):
    assert word in refusal(worker, tmp_path, content)


def test_an_entry_that_stands_twice_is_refused(worker, tmp_path):
    with zipfile.ZipFile(buffer := io.BytesIO(xlsx([["x"]])), "a") as archive, pytest.warns(UserWarning):
        archive.writestr("xl/worksheets/sheet1.xml", b"<worksheet/>")
    assert "sheet1.xml" in refusal(worker, tmp_path, buffer.getvalue())


def test_passwords(worker, tmp_path):
    locked = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(xlsx([["x"]]))).encrypt("secret", locked)
    assert "密码" in refusal(worker, tmp_path, locked.getvalue())
    assert "密码" in refusal(worker, tmp_path, locked.getvalue(), "a.xls")


def test_more_columns_than_any_table_has(worker, tmp_path):
    assert "5000" in refusal(worker, tmp_path, xlsx([list(range(5000))]))
