"""The declarer's own workbook, copied: bad cells marked and explained, formulas as their values, no macros or links."""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell.cell import Cell
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook import Workbook

from landgauge import log
from reporting.returns import cells
from reporting.returns.model import BadRow, Finding, Load, Place, Return
from reporting.returns.package import save
from reporting.returns.summary import TITLE, Spot, Summary

_LOG = log.get("returns")
LARGEST_COPY = 32 << 20  # bytes of XML; about 30,000 rows of 20 columns, some 10 s and 500 MB while it is copied
COMMENTED = 20_000  # cells with a comment; a spreadsheet becomes slow beyond that, and the mark and the list remain
_HARMLESS_FORMULA = re.compile(r"""^(?:"[^"]*"|[^\[\]|()!#]*|(?:'[^\[\]|']+'|[^\[\]|()!'#]+)![$A-Z0-9:]+)$""")
ADVICE = (
    "请在本工作簿中改正标出的单元格，以原文件名保存后整份重新报送；新文件将替代上次报送的文件，原有行不必删除。",
    "带“请核对”的单元格不影响采纳；确认无误的不必改动。",
    "工作簿中的公式已换成数值；宏、外部链接、图表和条件格式未保留。本汇总表不会被当作数据读取。",
)


class NotCopied(Exception):
    """The workbook is too large, or is none that can be copied; the message tells the declarer in Chinese."""


def write(item: Return, target: Path) -> None:
    """Write the marked copy of a workbook. Raises NotCopied where only the bad rows can be returned."""
    book = _open(item.stored)
    _make_harmless(book)
    summary = Summary(book.create_sheet(TITLE, 0), item, ADVICE)
    summary.begin_list()
    marks = _Marks(book)
    for load in item.loads:
        for row in load.rows():
            for finding, spot in marks.row(load, row):
                summary.line(finding, spot)
    marks.finish()
    summary.end_list()
    for sheet in book.worksheets:
        sheet.sheet_view.tabSelected = sheet.title == TITLE
    book.active = 0
    save(book, target)


def _open(path: Path) -> Workbook:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > LARGEST_COPY:
            raise NotCopied(f"原工作簿较大（解压后 {size / 1e6:.0f} MB），此处只列出有问题的行。")
        with path.open("rb") as handle:
            return openpyxl.load_workbook(handle, data_only=True, keep_links=False, keep_vba=False)
    except NotCopied:
        raise
    except Exception as error:  # whatever a foreign workbook makes openpyxl stumble over
        _LOG.debug("%s cannot be copied", path, exc_info=True)
        raise NotCopied("原工作簿含有无法照抄的内容，此处只列出有问题的行。") from error


def _make_harmless(book: Workbook) -> None:
    """Take out what could run, call out, or hide our marks; and the marks of an earlier return."""
    returned = TITLE in book.sheetnames
    if returned:
        del book[TITLE]
    for chart in list(book.chartsheets):
        book.remove(chart)
    _keep_plain_names(book.defined_names)
    for sheet in book.worksheets:
        sheet._charts, sheet._images, sheet._pivots = [], [], []
        sheet.tables.clear()
        sheet.conditional_formatting = ConditionalFormattingList()
        _keep_plain_names(sheet.defined_names)
        kept = [v for v in sheet.data_validations.dataValidation if _is_plain(v.formula1) and _is_plain(v.formula2)]
        sheet.data_validations.dataValidation = kept
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell, Cell):
                    _clean(cell, returned)


def _clean(cell: Cell, returned: bool) -> None:
    cells.defuse(cell)
    if cell.data_type == "f":  # a text that openpyxl takes for a formula
        cell.data_type = "s"
    if cell.hyperlink is not None and cell.hyperlink.target:
        cell.hyperlink = None
    if returned:
        cells.unmark(cell)


def _keep_plain_names(names: Any) -> None:
    for name in [name for name, defined in names.items() if not _is_plain(defined.attr_text)]:
        del names[name]


def _is_plain(formula: str | None) -> bool:
    """Tell whether a formula of a validation or a name is a value, a list or a range of this workbook."""
    return formula is None or bool(_HARMLESS_FORMULA.match(str(formula)))


class _Marks:
    """What is to be written on which cell; several findings of one cell become one comment."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._kinds: dict[tuple[str, int, int], str] = {}
        self._texts: dict[tuple[str, int, int], list[str]] = defaultdict(list)
        self._merged = {sheet.title: _anchors(sheet) for sheet in book.worksheets}

    def row(self, load: Load, row: BadRow) -> list[tuple[Finding, Spot]]:
        """Note the marks of a bad row; returns its findings with where they are shown."""
        found = load.place(row.row_no)
        if found and found[0].sheet in self._merged:
            place, at = found
            self._book[place.sheet].row_dimensions[at].hidden = False
            return [(finding, self._finding(place, at, finding)) for finding in row.findings]
        return [(finding, Spot("", row.row_no or None, finding.column)) for finding in row.findings]

    def _finding(self, place: Place, at: int, finding: Finding) -> Spot:
        columns = place.under(finding.headers)
        whole = finding.whole_row or not columns
        for column in place.columns if whole else columns:
            self._note(place.sheet, at, column, "row" if whole and finding.severity == "error" else finding.severity)
        first = (columns or place.columns)[0]
        for column in [first] if whole else columns:
            spot = self._anchor(place.sheet, at, column)
            self._texts[spot].append(("" if spot[1] == at else f"（第 {at} 行）") + cells.sentence(finding))
        letters = "、".join(get_column_letter(column) for column in columns)
        shown = f"{finding.column}（{letters} 列）" if letters else finding.column or "整行"
        return Spot(place.sheet, at, shown, f"{quote_sheetname(place.sheet)}!{get_column_letter(first)}{at}")

    def _anchor(self, sheet: str, row: int, column: int) -> tuple[str, int, int]:
        return (sheet, *self._merged[sheet].get((row, column), (row, column)))

    def _note(self, sheet: str, row: int, column: int, kind: str) -> None:
        spot = self._anchor(sheet, row, column)
        ranks = ("row", "warning", "error")
        if ranks.index(kind) >= ranks.index(self._kinds.get(spot, "row")):
            self._kinds[spot] = kind

    def finish(self) -> None:
        """Put the marks and comments onto the cells."""
        for (sheet, row, column), kind in self._kinds.items():
            cells.mark(self._book[sheet].cell(row, column), kind)
        for number, ((sheet, row, column), texts) in enumerate(self._texts.items()):
            if number < COMMENTED:
                cells.explain(self._book[sheet].cell(row, column), texts)


def _anchors(sheet: Any) -> dict[tuple[int, int], tuple[int, int]]:
    """Cells under a merged range, and the cell at its corner, the only one that can bear a comment."""
    return {
        (row, column): (block.min_row, block.min_col)
        for block in sheet.merged_cells.ranges
        if block.size["rows"] * block.size["columns"] < cells.SHEET_COLUMNS
        for row in range(block.min_row, block.max_row + 1)
        for column in range(block.min_col, block.max_col + 1)
    }
