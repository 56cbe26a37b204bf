"""A fresh workbook with the bad rows alone, for files that are no workbook to copy; for a rejected file, the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook import Workbook

from reporting.returns import cells
from reporting.returns.model import BadRow, Finding, Load, Return
from reporting.returns.package import save
from reporting.returns.summary import TITLE, Spot, Summary

LARGEST_EXTRACT = 100_000  # rows; nobody mends more by hand
COMMENTED = 20_000
_SHEET = "问题行"
_LAST = "问题与处理办法"
_ADVICE_ROWS = (
    "请在原文件中改正以下各行，以原文件名整份重新报送；新文件将替代上次报送的文件。本工作簿只列有问题的行，不能代替原文件报送。",
    "没有工作表名的行号为数据行的序号：从 1 起，不含表头和空行。",
    "带“请核对”的问题不影响采纳；确认无误的不必改动。",
)
_ADVICE_REJECTED = (
    "该文件整份未采纳，请按退回原因改正后，以原文件名重新报送。",
    "如已改用其他文件名报送，请告知受理部门，以免重复。",
)


def write(item: Return, target: Path, note: str = "") -> None:
    """Write the fresh workbook of a file; `note` says why it is no copy."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(TITLE)
    rejected = all(load.rejected for load in item.loads)
    advice = _ADVICE_REJECTED if rejected else _ADVICE_ROWS
    summary = Summary(sheet, item, [note, *advice] if note else advice)
    summary.begin_list()
    for number, load in enumerate(item.loads, start=1):
        name = _SHEET if len(item.loads) == 1 else f"{_SHEET}{number}_{load.dataset_zh}"
        _Rows(book, name, load, summary).write()
    summary.end_list()
    save(book, target)


class _Rows:
    """The sheet of one load's bad rows, made with the first of them."""

    def __init__(self, book: Workbook, name: str, load: Load, summary: Summary) -> None:
        self._book, self._name, self._load, self._summary = book, name[:31], load, summary
        self._shown = load.headers[: cells.SHEET_COLUMNS - 2]
        self._sheet: Any = None
        self._written = self._comments = 0

    def write(self) -> None:
        for row in self._load.rows():
            if not row.quarantined or not row.cells:
                for finding in row.findings:
                    self._summary.line(finding, self._spot(row.row_no, finding))
            elif self._written < LARGEST_EXTRACT:
                self._row(row)
            else:
                self._say_more()
                return

    def _spot(self, row_no: int, finding: Finding, target: str | None = None) -> Spot:
        found = self._load.place(row_no)
        sheet, row = (found[0].sheet, found[1]) if found else ("", row_no or None)
        return Spot(sheet, row, finding.column or ("整行" if row else ""), target)

    def _begin(self) -> None:
        self._sheet = self._book.create_sheet(self._name)
        self._sheet.freeze_panes = "B2"
        widths = [16, *(max(12, min(2 * len(header) + 4, 30)) for header in self._shown), 70]
        for number, width in enumerate(widths, start=1):
            self._sheet.column_dimensions[get_column_letter(number)].width = width
        strong = cells.style(self._sheet, font=cells.font(bold=True), alignment=cells.wrapped())
        self._body = cells.style(self._sheet, number_format="@", alignment=cells.wrapped())
        first = "原位置" if self._load.places else "数据行序号"
        self._sheet.append([cells.put(self._sheet, text, strong) for text in (first, *self._shown, _LAST)])

    def _row(self, row: BadRow) -> None:
        if self._sheet is None:
            self._begin()
        values = [cells.put(self._sheet, row.cells.get(header), self._body) for header in self._shown]
        texts: dict[int, list[str]] = {}
        for finding in row.findings:
            column = self._mark(finding, values)
            texts.setdefault(column, []).append(cells.sentence(finding))
            target = f"{quote_sheetname(self._name)}!{get_column_letter(column + 2)}{self._written + 2}"
            self._summary.line(finding, self._spot(row.row_no, finding, target))
        for column, said in texts.items():
            self._explain(values[column], said)
        found = self._load.place(row.row_no)
        shown = f"{found[0].sheet} 第 {found[1]} 行" if found else row.row_no
        said_all = "\n".join(said for column in texts for said in texts[column])
        first, last = (cells.put(self._sheet, value, self._body) for value in (shown, said_all))
        self._sheet.append([first, *values, last])
        self._written += 1

    def _explain(self, cell: Cell, said: list[str]) -> None:
        if self._comments < COMMENTED:
            self._comments += 1
            cells.explain(cell, said)

    def _mark(self, finding: Finding, values: list[Cell]) -> int:
        """Mark the cells of a finding; returns the index of the one that bears its comment."""
        found = [i for header in finding.headers for i, own in enumerate(self._shown) if own == header]
        whole = finding.whole_row or not found
        for i in range(len(values)) if whole else found:
            cells.mark_over(values[i], "row" if whole and finding.severity == "error" else finding.severity)
        return found[0] if found else 0

    def _say_more(self) -> None:
        text = f"此处列出前 {LARGEST_EXTRACT:,} 行；退回的共 {self._load.quarantined:,} 行。"
        self._sheet.append([cells.put(self._sheet, text)])
