"""LibreOffice opens the marked workbook and the templates; nothing is lost on the way through it."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import returns_landing as landing

from landgauge.stages.returns import returns
from landgauge.stages.templates import templates
from reporting.returns import cells

pytestmark = pytest.mark.acceptance
COLOURS = (cells.ERROR_FILL, cells.WARNING_FILL, cells.ROW_FILL)


@pytest.fixture(scope="module")
def returned(tmp_path_factory) -> Path:
    settings = landing.make(tmp_path_factory.mktemp("returns"))
    returns(settings)
    return settings.warehouse / "returns" / str(landing.YEAR)


@pytest.fixture(scope="module")
def forms(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    templates(folder)
    return folder


def contents(book) -> dict[tuple[str, str], object]:
    """Every value, with the text that a spreadsheet would take for a formula as text."""
    return {
        (sheet.title, cell.coordinate): (cell.data_type == "f", cell.value)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value not in (None, "")
    }


def marks(book) -> dict[tuple[str, str], str]:
    return {
        (sheet.title, cell.coordinate): cell.fill.fgColor.rgb
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb in COLOURS
    }


def comments(book) -> dict[tuple[str, str], str]:
    return {
        (sheet.title, cell.coordinate): cell.comment.text.split()[-1]
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    }


def links(book) -> dict[str, str]:
    return {h.ref: h.location for h in book.worksheets[0]._hyperlinks} | {
        cell.coordinate: cell.hyperlink.location
        for row in book.worksheets[0].iter_rows()
        for cell in row
        if cell.hyperlink
    }


@pytest.mark.parametrize("name", [landing.BOOK, f"{landing.CSV}.xlsx", f"{landing.ZONES}.xlsx"])
def test_a_return_comes_through_unchanged(name, returned, office):
    before = openpyxl.load_workbook(returned / name)
    after = openpyxl.load_workbook(office(returned / name, "xlsx"))
    assert contents(after) == contents(before)
    assert marks(after) == marks(before)
    assert comments(after) == comments(before)
    assert {ref: place.replace("$", "").replace("'", "") for ref, place in links(after).items()} == {
        ref: place.replace("'", "") for ref, place in links(before).items()
    }
    assert [s.sheet_state for s in after.worksheets] == [s.sheet_state for s in before.worksheets]


def rules(sheet) -> dict[str, tuple[object, ...]]:
    """Every check by its first cell; what is left out means between, and stop."""
    return {
        block.coord.split(":")[0]: (rule.type, rule.operator or "between", rule.errorStyle or "stop")
        for rule in sheet.data_validations.dataValidation
        for block in rule.sqref.ranges
    }


@pytest.mark.parametrize("dataset", ["parcels", "enterprises", "energy", "agreements"])
def test_a_template_keeps_its_checks(dataset, forms, office):
    (path,) = forms.glob(f"{dataset}_*.xlsx")
    before, after = openpyxl.load_workbook(path), openpyxl.load_workbook(office(path, "xlsx"))
    assert contents(after) == contents(before)
    assert comments(after) == comments(before)
    one, other = before.worksheets[0], after.worksheets[0]
    assert {k: v for k, v in rules(other).items() if v[0]} == rules(one)
    assert other.column_dimensions["A"].number_format == one.column_dimensions["A"].number_format == "@"


def test_both_can_be_printed(returned, forms, office):
    for path in (returned / landing.BOOK, forms / "全部数据集.xlsx"):
        assert office(path, "pdf").read_bytes().startswith(b"%PDF")
