"""What goes back to declarers, cell by cell."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
import returns_landing as landing

from ingestion.load import ingest
from landgauge import cli
from landgauge.errors import ConfigurationError
from landgauge.stages.returns import returns
from reporting.returns import cells, extract, marked, summary
from warehouse import db

KINDS = {cells.ERROR_FILL: "error", cells.WARNING_FILL: "warning", cells.ROW_FILL: "row"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """The hand-written landing area, loaded."""
    return landing.make(tmp_path_factory.mktemp("returns"))


@pytest.fixture(scope="module")
def returned(settings) -> Path:
    """The folder of the year's returns."""
    assert returns(settings).rows == {"workbooks": 3}
    return settings.warehouse / "returns" / str(landing.YEAR)


@pytest.fixture(scope="module")
def book(returned):
    return openpyxl.load_workbook(returned / landing.BOOK)


def kind(cell) -> str | None:
    return KINDS.get(cell.fill.fgColor.rgb) if cell.fill.fill_type == "solid" else None


def findings(sheet) -> list[dict[str, object]]:
    """The list of findings of a summary sheet, by its head, with the links."""
    rows = list(sheet.iter_rows())
    head = next(i for i, row in enumerate(rows) if row[0].value == "序号")
    names = [cell.value for cell in rows[head]]
    return [
        {name: cell.value for name, cell in zip(names, row, strict=True)}
        | {"link": row[2].hyperlink.location if row[2].hyperlink else None, "at": row[2]}
        for row in rows[head + 1 :]
    ]


def test_every_finding_has_its_mark_and_no_other_cell_has_one(book):
    found = {
        (sheet.title, cell.coordinate): kind(cell)
        for sheet in book.worksheets[1:]
        for row in sheet.iter_rows()
        for cell in row
        if kind(cell)
    }
    assert found == {place: mark for place, (mark, _) in landing.EXPECTED.items()}


def test_every_comment_says_what_is_wrong_and_what_to_do(book):
    says = {
        (line["工作表"], line["link"].split("!")[1], line["规则代码"]): (line["问题"], line["处理办法"])
        for line in findings(book.worksheets[0])
    }
    commented = {
        (sheet.title, cell.coordinate): cell.comment.text
        for sheet in book.worksheets[1:]
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    }
    expected = {place: codes for place, (_, codes) in landing.EXPECTED.items() if codes}
    assert commented.keys() == expected.keys()
    assert len(says) == sum(map(len, expected.values()))
    for place, codes in expected.items():
        for code in codes:
            problem, step = says[(*place, code)]
            assert problem in commented[place]
            assert step in commented[place]
    assert commented["一期", "F10"].startswith("待测绘院确认\n\n【填报检查】")
    assert commented["一期", "C6"].startswith("【填报检查】\n请核对：")
    assert "待测绘院确认" not in commented["一期", "F9"]


def test_the_counts_add_up_and_the_rules_are_counted(book):
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    head = next(row for row in rows if row[1] == "数据集")
    line = rows[rows.index(head) + 1]
    assert (line[1], line[2], tuple(line[3:7])) == ("宗地", landing.YEAR, landing.COUNTS)
    assert line[3] == sum(line[4:7])
    head = rows.index(next(row for row in rows if row[3] == "规则代码"))
    counted = {row[3]: row[2] for row in rows[head + 1 :] if row[1] in summary.KIND.values()}
    codes = [code for _, found in landing.EXPECTED.values() for code in found]
    assert counted == {code: codes.count(code) for code in codes}
    assert rows[0][0] == summary.TITLE
    assert "生成数据" in rows[1][0]


def test_lines_name_row_column_and_value_as_the_spreadsheet_shows_them(book):
    lines = {(line["工作表"], line["行号"], line["规则代码"]): line for line in findings(book.worksheets[0])}
    line = lines["一期", 10, "type:site_area_m2"]
    assert (line["列"], line["原值"], line["link"]) == ("宗地面积（F 列）", "很大", "'一期'!F10")
    assert line["at"].hyperlink.ref == line["at"].coordinate
    assert lines["二期", 5, "spreadsheet_number:parcel_code"]["原值"] == "9.144E+17"
    assert all(line["问题"].startswith("请核对：") for line in lines.values() if line["规则代码"] == "round_area")


def test_the_copy_keeps_the_declarers_cells_and_runs_nothing(returned, book):
    own = openpyxl.load_workbook(io.BytesIO(landing.workbook()), data_only=True)
    assert book.sheetnames == [summary.TITLE, *own.sheetnames]
    for sheet in own.worksheets:
        copy = book[sheet.title]
        for row in sheet.iter_rows():
            for cell in row:
                assert copy[cell.coordinate].value == cell.value, (sheet.title, cell.coordinate)
                assert copy[cell.coordinate].data_type != "f"
    assert book["二期"]["E4"].value == 6000
    assert book["一期"]["B1"].font.size == 16
    assert book["一期"]["B6"].fill.fgColor.rgb == "FFD9E1F2"
    assert book["草稿"].sheet_state == "hidden"
    assert not book["二期"].row_dimensions[5].hidden
    assert {str(block) for block in book["一期"].merged_cells.ranges} == {"B1:G1", "B3:E3", "F3:G3"}
    for cell in (book["一期"]["C9"], book["一期"]["C12"]):
        assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert book["一期"]["B6"].hyperlink is None
    assert [v.formula1 for v in book["一期"].data_validations.dataValidation] == ['"M0,M1,M2"']
    with zipfile.ZipFile(returned / landing.BOOK) as archive:
        assert not [name for name in archive.namelist() if "external" in name.lower() or "vba" in name.lower()]


def test_only_the_summary_is_selected(book):
    assert [sheet.title for sheet in book.worksheets if sheet.sheet_view.tabSelected] == [summary.TITLE]
    assert book.active.title == summary.TITLE


def test_a_csv_comes_back_as_its_bad_rows(returned):
    book = openpyxl.load_workbook(returned / f"{landing.CSV}.xlsx")
    assert book.sheetnames == [summary.TITLE, "问题行"]
    rows = book["问题行"]
    head = [cell.value for cell in rows[1]]
    assert head[:6] == ["数据行序号", "宗地代码", "宗地名称", "行政区代码", "土地用途代码", "宗地面积"]
    assert [rows.cell(r, 1).value for r in range(2, rows.max_row + 1)] == [1, 4]
    assert (rows["C2"].value, rows["C2"].data_type, rows["C2"].quotePrefix) == ("=cmd|' /C calc'!A0", "s", True)
    assert [kind(cell) for cell in rows[2]][:6] == [None, None, None, None, None, "error"]
    assert rows["F2"].comment.text.startswith("【填报检查】\n问题：")
    assert rows["C3"].value == "控␁制符"
    assert {kind(cell) for cell in rows[3][1:6]} == {"row"}  # more cells than the header
    lines = findings(book[summary.TITLE])
    assert {(line["行号"], line["规则代码"]) for line in lines} == {
        (1, "range:site_area_m2"), (3, "round_area"), (4, "row_shape:row"),
    }  # fmt: skip
    assert next(line for line in lines if line["行号"] == 1)["link"] == "'问题行'!F2"
    text = "".join(str(cell.value) for row in book[summary.TITLE].iter_rows() for cell in row)
    assert "不能代替原文件报送" in text


def test_a_rejected_file_comes_back_with_its_reason_alone(returned):
    book = openpyxl.load_workbook(returned / f"{landing.ZONES}.xlsx")
    assert book.sheetnames == [summary.TITLE]
    (line,) = findings(book[summary.TITLE])
    assert (line["行号"], line["规则代码"]) == ("整份文件", "file:missing_column")
    text = "".join(str(cell.value) for row in book[summary.TITLE].iter_rows() for cell in row)
    assert "整份退回" in text
    assert "开发区代码" in text


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.xlsx"))
    }


def test_the_same_again_gives_the_same_bytes_and_mended_files_leave(tmp_path):
    settings = landing.make(tmp_path)
    returns(settings)
    out = settings.warehouse / "returns" / str(landing.YEAR)
    before = digests(out)
    returns(settings)
    assert digests(out) == before
    landing.put(tmp_path, landing.BOOK, mended(out / landing.BOOK))
    ingest(settings)
    with db.connect(settings) as con:
        found = con.execute("select state, rows_in, accepted from ledger.load where file_name = ?", [landing.BOOK])
        assert found.fetchall() == [("superseded", 8, 0), ("loaded", 8, 7)]
    returns(settings)
    again = openpyxl.load_workbook(out / landing.BOOK)
    marks = {(s.title, c.coordinate) for s in again.worksheets[1:] for row in s.iter_rows() for c in row if kind(c)}
    assert marks == {("一期", "C6"), ("一期", "F10")}
    comments = {c.coordinate: c.comment.text for row in again["一期"].iter_rows() for c in row if c.comment}
    assert comments.keys() == {"C6", "F10"}
    assert comments["F10"].count("【填报检查】") == 1


def mended(path: Path) -> bytes:
    """The marked workbook as a declarer hands it in again: all mended but one cell."""
    book = openpyxl.load_workbook(path)
    for sheet, cell, value in (
        ("一期", "E9", "M1"), ("一期", "F9", 12), ("二期", "A2", landing.P[14]), ("二期", "A5", landing.P[15]),
        ("二期", "E5", 3),
    ):  # fmt: skip
        book[sheet][cell] = value
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_workbook_too_large_to_copy_comes_back_as_its_bad_rows(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(marked, "LARGEST_COPY", 1000)
    monkeypatch.setattr(extract, "LARGEST_EXTRACT", 2)
    returns(settings, tmp_path / "out")
    book = openpyxl.load_workbook(tmp_path / "out" / landing.BOOK)
    text = "".join(str(cell.value) for row in book[summary.TITLE].iter_rows() for cell in row)
    assert "原工作簿较大" in text
    places = [row[0].value for row in book["问题行"].iter_rows(min_row=2)]
    assert places == ["一期 第 9 行", "一期 第 10 行", "此处列出前 2 行；退回的共 5 行。"]


def test_warnings_of_the_marts_are_shown_at_their_unit(settings, tmp_path):
    with db.connect(settings) as con:
        con.execute("create schema marts")
        con.execute(
            f"create table marts.qc_parcel_area as select '{landing.P[6]}' as parcel_code, {landing.YEAR} as year, "
            "'0.1' as detail, '面积相差较大,请核对。' as message_zh"
        )
        con.execute(f"create table marts.qc_odd as select {landing.YEAR} as year, 'x' as message_zh")
    returns(settings, tmp_path / "out")
    with db.connect(settings) as con:
        con.execute("drop schema marts cascade")
    book = openpyxl.load_workbook(tmp_path / "out" / landing.BOOK)
    assert kind(book["二期"]["E4"]) == "warning"
    assert "面积相差较大" in book["二期"]["E4"].comment.text


def test_nothing_else_is_ever_replaced(settings, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(ConfigurationError):
        returns(settings, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "x"


def test_the_command(settings, tmp_path, capsys):
    call = ["returns", "--warehouse", str(settings.warehouse), "--year"]
    assert cli.main([*call, str(landing.YEAR)]) == 0
    assert "3 workbook(s)" in capsys.readouterr().err
    assert cli.main([*call, "2019"]) == 2
    assert cli.main(["returns", "--warehouse", str(tmp_path / "none"), "--year", "2024"]) == 2
    assert not (tmp_path / "none").exists()
