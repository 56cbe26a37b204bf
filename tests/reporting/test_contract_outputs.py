"""Worklists, dossier, notices: what is in them, for whom, and that no text of a file runs in them."""

from __future__ import annotations

import re
import zipfile
from datetime import date
from pathlib import Path

import contract_snapshot
import page_parser
import pytest
from docx import Document
from openpyxl import load_workbook

from landgauge.errors import ConfigurationError
from reporting.contracts.dossier import write_dossier
from reporting.contracts.notice import BLANK, Asked, write_notice
from reporting.contracts.worklists import published_worklists


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts")
    contract_snapshot.write(folder / "published" / "current.duckdb")
    return folder


@pytest.fixture(scope="module")
def books(warehouse: Path) -> dict[str, Path]:
    published_worklists(warehouse)
    folder = warehouse / "worklists" / "2024-12-31"
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.xlsx"))}


def table(book: Path, title: str) -> list[dict[str, object]]:
    head, *rows = load_workbook(book)[title].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_workbook_for_each_district_and_department_that_has_something(books: dict[str, Path]) -> None:
    assert list(books) == [
        "行政区/440112 黄埔区.xlsx",
        "行政区/440113.xlsx",
        "部门/应急管理部门.xlsx",
        "部门/科技部门.xlsx",
        "部门/税务部门.xlsx",
    ]


def test_a_row_of_two_departments_stands_in_both(books: dict[str, Path]) -> None:
    of = {
        name: [r["事项"] for r in table(books[f"部门/{name}.xlsx"], "到期与逾期")] for name in ("税务部门", "科技部门")
    }
    assert of == {"税务部门": ["达产评估"], "科技部门": ["达产评估", "过程评估"]}


def test_sheets_hold_what_is_open_on_the_day(books: dict[str, Path]) -> None:
    huangpu, panyu = books["行政区/440112 黄埔区.xlsx"], books["行政区/440113.xlsx"]
    assert [r["状态"] for r in table(huangpu, "到期与逾期")] == ["已逾期", "即将到期"]
    assert [r["指标"] for r in table(huangpu, "待评")] == ["安全生产"]
    assert [(r["指标"], r["缺少依据的原因"]) for r in table(panyu, "待自评")] == [("地均税收", "宗地上没有企业")]
    assert [r["情形"] for r in table(huangpu, "整改")] == ["评估不达标，建议责令整改"]
    assert [r["情形"] for r in table(panyu, "整改")] == ["已通知，整改中"]
    assert [r["建议"] for r in table(huangpu, "后果建议")] == ["责令整改"]
    assert [r["说明"] for r in table(huangpu, "预警")] == ["@今年"]
    assert [r["统一社会信用代码"] for r in table(huangpu, "失信名单")] == ["U1"]
    assert len(table(books["部门/科技部门.xlsx"], "失信名单")) == 1


def test_lists_can_be_filtered_and_dates_are_dates(books: dict[str, Path]) -> None:
    sheet = load_workbook(books["行政区/440112 黄埔区.xlsx"])["到期与逾期"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:L3")
    due = sheet["E2"]
    assert (due.value.date(), due.number_format) == (date(2024, 12, 30), "yyyy-mm-dd")
    assert sheet["F2"].value == -1


def test_no_text_becomes_a_formula_and_generated_data_are_named(books: dict[str, Path]) -> None:
    book = load_workbook(books["行政区/440112 黄埔区.xlsx"])
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any(cell.value == contract_snapshot.FORMULA for cell in cells)
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert "生成数据" in str(book["说明"]["A2"].value)


def test_the_front_sheet_counts_in_plain_numbers(books: dict[str, Path]) -> None:
    front = load_workbook(books["行政区/440112 黄埔区.xlsx"])["说明"]
    counts = {row[0].value: row[1] for row in front.iter_rows() if row[0].value}
    assert (counts["到期与逾期"].value, counts["到期与逾期"].number_format) == (2, "General")
    assert counts["观察日"].number_format == "yyyy-mm-dd"


def test_the_same_day_gives_the_same_bytes_and_other_files_are_left_alone(warehouse: Path, tmp_path: Path) -> None:
    for name in ("a", "b", "b"):
        published_worklists(warehouse, target=tmp_path / name)
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / n).rglob("*.xlsx")} for n in ("a", "b"))
    assert first == second
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "mine.txt").touch()
    with pytest.raises(ConfigurationError, match="holds other files"):
        published_worklists(warehouse, target=tmp_path / "c")


def test_a_day_that_is_not_published_is_refused_with_those_that_are(warehouse: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        published_worklists(warehouse, date(2020, 1, 1))
    assert "2023-12-31、2024-12-31" in error.value.next_step


def test_a_city_without_contracts_has_no_workbooks(tmp_path: Path) -> None:
    contract_snapshot.write(tmp_path / "published" / "current.duckdb", only=("fct_run",))
    assert published_worklists(tmp_path).rows == {"workbooks": 0, "lines": 0}


def dossier(warehouse: Path, number: str, target: Path) -> str:
    write_dossier(warehouse, number, target)
    return target.read_text(encoding="utf-8")


def test_the_dossier_shows_every_part_escaped_and_loads_nothing(warehouse: Path, tmp_path: Path) -> None:
    page = dossier(warehouse, "XY-1", tmp_path / "x.html")
    assert page == dossier(warehouse, "XY-1", tmp_path / "y.html")
    assert "<script" not in page
    assert "&lt;script&gt;alert" in page
    assert not re.search(r"(src|href)\s*=|url\(|@import", page)
    for text in (
        "地均税收",
        "150.25",
        "不达标",
        "前后意见相反",
        "责令整改",
        "改变用途",
        "已逾期",
        "生成数据",
        "default-src 'none'",
    ):
        assert text in page
    document = page_parser.parse(page)
    assert document is not None


@pytest.mark.parametrize("number", ["XY-2", "XY-3"])
def test_dates_in_year_1_and_9999_and_missing_parts_are_drawn(warehouse: Path, tmp_path: Path, number: str) -> None:
    assert f"监管协议档案 {number}" in dossier(warehouse, number, tmp_path / "x.html")


def test_an_unknown_agreement_is_a_sentence(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not published"):
        write_dossier(warehouse, "XY-9", tmp_path / "x.html")


def words_of(path: Path) -> str:
    document = Document(str(path))
    cells = [cell.text for t in document.tables for row in t.rows for cell in row.cells]
    return "\n".join([p.text for p in document.paragraphs] + cells)


def test_a_rectification_notice_names_the_failed_targets_and_leaves_its_number_blank(
    warehouse: Path, tmp_path: Path
) -> None:
    asked = Asked("rectification", "XY-1", 2024)
    first, second = (write_notice(warehouse, asked, tmp_path / f"{n}.docx") for n in "ab")
    said = words_of(first)
    for text in (f"文号：{BLANK}", "草案", "2025 年 12 月 31 日", "地均税收", ">= 200", "150.25", "生成数据"):
        assert text in said
    assert "安全生产" not in said
    assert first.read_bytes() == second.read_bytes()
    assert zipfile.ZipFile(first).testzip() is None


def test_a_result_notice_names_every_target(warehouse: Path, tmp_path: Path) -> None:
    said = words_of(write_notice(warehouse, Asked("result", "XY-1", 2024), tmp_path / "a.docx"))
    assert "安全生产" in said
    assert "累计不达标 1 个评估年度" in said
    assert "{" not in said


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked("rectification", "XY-2", 2023, "过程"), "nothing to rectify"),
        (Asked("rectification", "XY-2", 2023, "达产"), "the contract ended"),
        (Asked("result", "XY-2", 2023), "no single evaluation"),
        (Asked("result", "XY-1", 2020), "no single evaluation"),
    ],
)
def test_notices_that_would_be_wrong_are_refused(warehouse: Path, tmp_path: Path, asked: Asked, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        write_notice(warehouse, asked, tmp_path / "x.docx")
    assert not (tmp_path / "x.docx").exists()


def test_a_template_of_ones_own_and_its_unknown_fields(warehouse: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("# 注\n= 标题\n\n{agreement_no} 与 {stage}\n", encoding="utf-8")
    said = words_of(write_notice(warehouse, Asked("result", "XY-1", 2024), tmp_path / "a.docx", own))
    assert "标题\nXY-1 与 达产" in said
    own.write_text("{nothing}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="nothing"):
        write_notice(warehouse, Asked("result", "XY-1", 2024), tmp_path / "b.docx", own)
