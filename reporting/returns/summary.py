"""The first sheet of a return: what became of the file, what to do, and every finding with a link to its cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.styles import PatternFill, Side
from openpyxl.styles.borders import Border
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink

from reporting.returns import cells
from reporting.returns.model import Finding, Load, Return

TITLE = "填报问题汇总"  # ingestion knows the sheet by this name, which also stands in its first cell, and reads no data
LISTED = 20_000  # findings with a line of their own; more make no sense to a reader and slow the spreadsheet down
_WIDTHS = (6, 14, 10, 24, 22, 40, 40, 30)
_LINE_HEIGHT = 16  # points
_LOAD_HEAD = ("数据集", "数据年份", "报送行数", "已采纳", "退回改正", "已被替代", "处理结果")
_RULE_HEAD = ("性质", "条数", "规则代码", None, "说明")
_HEAD = ("序号", "工作表", "行号", "列", "原值", "问题", "处理办法", "规则代码")
_MOST_LINES = 12
KIND = {"error": "错误", "warning": "请核对"}
_GENERATED = "生成数据（示例）：本表的宗地、企业和全部数值由程序生成，不是任何真实城市的情况。"
_LEGEND = (
    ("error", "粗实线框、浅红底：该单元格有错误，须改正。"),
    ("row", "上下细线、浅橙底：整行有问题（主键重复、内容冲突、单元格过多等），详见该行批注。"),
    ("warning", "粗虚线框、浅黄底：请核对，不影响采纳；数据无误则不必改动。"),
)


@dataclass(frozen=True)
class Spot:
    """Where a finding stands, as the reader sees it, and the cell of this workbook that shows it, to be linked to.

    `row` is None where the file as a whole is meant.
    """

    sheet: str
    row: int | None
    column: str
    target: str | None = None


class Summary:
    """The sheet while it is being written, top to bottom; works in a normal and in a write-only workbook."""

    def __init__(self, sheet: Any, item: Return, advice: Sequence[str]) -> None:
        """Write all that stands above the list of findings."""
        self._sheet, self._at, self._lines = sheet, 0, 0
        self._total = sum(rule.findings for load in item.loads for rule in load.rules)
        self._body = cells.style(sheet, alignment=cells.wrapped("left"))
        self._plain = cells.style(sheet, alignment=cells.wrapped("left", wrap=False))
        self._strong = cells.style(sheet, font=cells.font(bold=True), alignment=cells.wrapped("left", wrap=False))
        link = cells.font(color="0563C1", underline="single")
        self._link = cells.style(sheet, font=link, alignment=cells.wrapped("left"))
        self._page()
        self._top(item)
        self._advise(item, advice)
        self._count(item.loads)

    def _page(self) -> None:
        for number, width in enumerate(_WIDTHS, start=1):
            self._sheet.column_dimensions[get_column_letter(number)].width = width
        self._sheet.page_setup.orientation = "landscape"
        self._sheet.page_setup.paperSize = "9"  # A4
        self._sheet.page_setup.fitToHeight = 0
        self._sheet.sheet_properties.pageSetUpPr.fitToPage = True
        self._sheet.sheet_view.showGridLines = False

    def _write(self, values: Sequence[object], style: Any = None) -> None:
        found = [v if isinstance(v, Cell) or v is None else cells.put(self._sheet, v, style) for v in values]
        self._sheet.append(found)
        self._at += 1

    def _head(self, titles: Sequence[str | None], offset: int = 0) -> None:
        line = Side("thin", "1F3864")
        style = cells.style(
            self._sheet,
            font=cells.font(bold=True, color="FFFFFF"),
            fill=PatternFill("solid", fgColor="1F3864"),
            border=Border(top=line, bottom=line),
            alignment=cells.wrapped("left", wrap=False),
        )
        self._write([*[None] * offset, *("" if title is None else title for title in titles)], style)

    def _top(self, item: Return) -> None:
        self._write([TITLE], cells.style(self._sheet, font=cells.font(bold=True, size=18)))
        if item.generated:
            self._write([_GENERATED], cells.style(self._sheet, font=cells.font(bold=True, color="C00000")))
        self._write(["报送文件：", None, item.file_name], self._strong)
        self._write([])
        self._head(_LOAD_HEAD, offset=1)
        for load in item.loads:
            counts = (load.rows_in, load.accepted, load.quarantined, load.superseded)
            state = "整份退回" if load.rejected else "已入库，问题行退回" if load.quarantined else "已入库"
            self._write([None, load.dataset_zh, load.data_year, *counts, state], self._plain)
        self._write([None, "报送行数＝已采纳＋退回改正＋已被替代。"], self._plain)
        for load in item.loads:
            if load.rejected:
                reason = f"整份退回的原因（{load.dataset_zh}）：{load.reason}"
                self._write([None, reason], self._strong)

    def _advise(self, item: Return, advice: Sequence[str]) -> None:
        self._write([])
        self._write(["重新报送办法"], self._strong)
        for number, sentence in enumerate(advice, start=1):
            self._write([None, f"{number}. {sentence}"], self._plain)
        if any(not load.rejected for load in item.loads):
            self._write(["图例"], self._strong)
            for kind, text in _LEGEND:
                sample = cells.put(self._sheet, "示例", self._body)
                cells.mark(sample, kind)
                self._write([None, sample, text], self._plain)

    def _count(self, loads: Sequence[Load]) -> None:
        self._write([])
        self._write(["按规则统计"], self._strong)
        self._head(_RULE_HEAD, offset=1)
        for load in loads:
            for rule in load.rules:
                texts = (KIND[rule.severity], rule.findings, rule.rule_code, None, rule.message)
                self._write([None, *texts], self._plain)
        self._write([])

    def begin_list(self) -> None:
        """Write the head of the list of findings."""
        self._write(["问题清单"], self._strong)
        self._head(_HEAD)
        self._first = self._at

    def line(self, finding: Finding, spot: Spot) -> None:
        """Write one finding; beyond the limit it is only counted."""
        self._lines += 1
        if self._lines > LISTED:
            return
        number = cells.put(self._sheet, self._lines, self._body)
        shown = "整份文件" if spot.row is None else spot.row
        row = cells.put(self._sheet, shown, self._link if spot.target else self._body)
        if spot.target:
            row.hyperlink = Hyperlink(ref="", location=spot.target, display=str(spot.row))
            row.hyperlink.ref = f"C{self._at + 1}"  # the cell takes its place only when it is written
        message = f"请核对：{finding.message}" if finding.severity == "warning" else finding.message
        texts = (spot.column, finding.value, message, finding.next_step, finding.rule_code)
        self._fit((spot.sheet, shown, *texts))
        self._write([number, cells.put(self._sheet, spot.sheet, self._body), row, *texts], self._body)

    def _fit(self, texts: Sequence[object]) -> None:
        """Make the next row as high as its longest text wants: not every program does so when it opens a file."""
        widths = zip(texts, _WIDTHS[1:], strict=True)
        lines = max(1 + (cells.width(text) - 1) // (width - 2) for text, width in widths if text is not None)
        self._sheet.row_dimensions[self._at + 1].height = _LINE_HEIGHT * min(max(lines, 1), _MOST_LINES)

    def end_list(self) -> None:
        """Say what the list leaves out, and let the reader filter it."""
        if self._lines:
            self._sheet.auto_filter.ref = f"A{self._first}:H{self._at}"
        shown = min(self._lines, LISTED)
        if self._total > shown:
            said = f"共 {self._total:,} 条，此处列出前 {shown:,} 条；重新报送时仍会检查全部数据。"
            self._write([said], self._strong)
