"""Workbooks to fill in: headers with their unit, drop-down lists, checks while typing, and the rules in Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from openpyxl.comments import Comment
from openpyxl.styles import Border, PatternFill, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from reporting.returns import cells
from reporting.returns.package import save

Kind = Literal["text", "number", "date", "year", "list"]
GUIDE, LISTS = "填表说明", "代码表"  # ingestion knows both by name and first cell, and reads no data from them
ALL = "全部数据集"
_HEADER_ROW, _FIRST_ROW = 2, 3
_NEEDED, _WHEN_NEEDED, _FREE = "必填", "视情况必填", "选填"
_FORMATS: dict[Kind, str] = {"number": "General", "date": "yyyy-mm-dd", "year": "0"}
_TEXT_FORMAT = "@"  # so that a spreadsheet keeps codes as they are typed
_KINDS: dict[Kind, str] = {
    "text": "文本",
    "list": "从下拉列表选择",
    "number": "数字",
    "date": "日期，如 2024-05-01",
    "year": "四位年份",
}
_FIRST_DATE = 1  # 1900-01-01, the first day that a spreadsheet knows
_LARGEST = "1000000000000000"  # numbers of this size are unreadable by the input contract
_LONGEST_PROMPT, _LONGEST_ERROR = 250, 220  # characters that a spreadsheet takes
_COLOURS = {_NEEDED: "1F3864", _WHEN_NEEDED: "2F5597", _FREE: "8497B0"}


@dataclass(frozen=True)
class TemplateColumn:
    """One column: its header with the unit, what may be typed, and the rules in words.

    `strict`: nothing but the list's values is accepted; else the list only advises. Bounds are numbers of the
    header's unit; `length` is (least, most) characters.
    """

    header: str
    kind: Kind
    required: bool = False
    when_required: bool = False
    values: str | None = None
    strict: bool = True
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    length: tuple[int, int] | None = None
    rules: tuple[str, ...] = ()
    example: str = ""

    @property
    def need(self) -> str:
        """Return the word above the header."""
        return _NEEDED if self.required else _WHEN_NEEDED if self.when_required else _FREE


@dataclass(frozen=True)
class Template:
    """One dataset to fill in."""

    dataset: str
    name_zh: str
    columns: tuple[TemplateColumn, ...]


Lists = Mapping[str, Sequence[tuple[str, str]]]


def write(templates: Sequence[Template], lists: Lists, city: str, target: Path) -> int:
    """Write one workbook for each dataset and one with all of them into the folder; returns how many.

    `lists` has (code, name in Chinese) by the title that columns name.
    """
    for template in templates:
        save(_book([template], lists, city), target / f"{template.dataset}_{template.name_zh}.xlsx")
    save(_book(templates, lists, city), target / f"{ALL}.xlsx")
    return len(templates) + 1


def _book(templates: Sequence[Template], lists: Lists, city: str) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    used = list(dict.fromkeys(c.values for t in templates for c in t.columns if c.values))
    ranges = {title: _range(number, len(lists[title])) for number, title in enumerate(used)}
    for template in templates:
        _data_sheet(book.create_sheet(template.name_zh), template, ranges)
    _guide(book.create_sheet(GUIDE), templates, city)
    book.worksheets[0].sheet_view.tabSelected = True
    if used:
        _list_sheet(book.create_sheet(LISTS), {title: lists[title] for title in used})
    return book


def _range(number: int, size: int) -> str:
    letter = get_column_letter(3 * number + 1)
    return f"{quote_sheetname(LISTS)}!${letter}$3:${letter}${max(size, 1) + 2}"


def _data_sheet(sheet: Any, template: Template, ranges: Mapping[str, str]) -> None:
    for number, column in enumerate(template.columns, start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].number_format = _FORMATS.get(column.kind, _TEXT_FORMAT)
        sheet.column_dimensions[letter].width = max(14, min(2 * len(column.header) + 4, 40))
        _head(sheet.cell(1, number), column.need, column.need, bold=False)
        header = sheet.cell(_HEADER_ROW, number)
        _head(header, column.header, column.need, bold=column.required)
        text = "\n".join((column.need, *_says(column)))
        header.comment = Comment(text, cells.AUTHOR, width=320, height=60 + 20 * len(_says(column)))
        check = _validation(column, letter, ranges)
        if check is not None:
            sheet.add_data_validation(check)
            check.add(f"{letter}{_FIRST_ROW}:{letter}{cells.SHEET_ROWS}")
    sheet.row_dimensions[_HEADER_ROW].height = 24
    sheet.freeze_panes = f"A{_FIRST_ROW}"


def _head(cell: Any, text: str, need: str, bold: bool) -> None:
    """Required headers are dark, bold and underlined by a thick line, so that they stand out on paper too."""
    cell.value = text
    cell.font = cells.font(bold=bold, color="FFFFFF")
    cell.fill = PatternFill("solid", fgColor=_COLOURS[need])
    cell.alignment = cells.wrapped("center", wrap=False)
    cell.border = Border(bottom=Side("thick" if bold else "thin", "000000"))


def _says(column: TemplateColumn) -> tuple[str, ...]:
    return (f"格式：{_KINDS[column.kind]}", *column.rules)


def _validation(column: TemplateColumn, letter: str, ranges: Mapping[str, str]) -> DataValidation | None:
    """Return the check while typing; None where anything may stand."""
    rule = _rule(column, f"{letter}{_FIRST_ROW}", ranges)
    if rule is None:
        return None
    says = "；".join(_says(column))
    return DataValidation(
        **rule,
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="stop" if column.strict else "warning",
        errorTitle="填写有误" if column.strict else "请核对",
        error=says[:_LONGEST_ERROR],
        showInputMessage=True,
        promptTitle=column.header[:30],
        prompt=says[:_LONGEST_PROMPT],
    )


def _rule(column: TemplateColumn, first: str, ranges: Mapping[str, str]) -> dict[str, Any] | None:
    if column.values:
        return {"type": "list", "formula1": ranges[column.values]}
    if column.kind == "number":
        return _number_rule(column, first)
    if column.kind == "date":
        return {"type": "date", "operator": "greaterThanOrEqual", "formula1": _FIRST_DATE}
    if column.kind == "year":
        return {"type": "whole", "operator": "between", "formula1": 1000, "formula2": 9999}
    if column.length:
        least, most = column.length
        return {"type": "textLength", "operator": "between", "formula1": least, "formula2": most}
    return None


def _number_rule(column: TemplateColumn, first: str) -> dict[str, Any]:
    bounds = ((">=", column.at_least), (">", column.above), ("<=", column.at_most), ("<", column.below))
    given = [(sign, bound) for sign, bound in bounds if bound is not None]
    if not given:
        return {"type": "decimal", "operator": "between", "formula1": f"-{_LARGEST}", "formula2": _LARGEST}
    if len(given) == 1:
        names = {">=": "greaterThanOrEqual", ">": "greaterThan", "<=": "lessThanOrEqual", "<": "lessThan"}
        return {"type": "decimal", "operator": names[given[0][0]], "formula1": f"{given[0][1]:g}"}
    tests = ",".join(f"{first}{sign}{bound:g}" for sign, bound in given)
    return {"type": "custom", "formula1": f"AND(ISNUMBER({first}),{tests})"}


def _guide(sheet: Any, templates: Sequence[Template], city: str) -> None:
    """How to fill in, and every column with its rule and an example."""
    for letter, width in zip("ABCDEF", (18, 34, 12, 22, 80, 26), strict=True):
        sheet.column_dimensions[letter].width = width
    strong, body = cells.style(sheet, font=cells.font(bold=True)), cells.style(sheet, alignment=cells.wrapped())
    sheet.append([cells.put(sheet, GUIDE, cells.style(sheet, font=cells.font(bold=True, size=18)))])
    for text in (
        f"适用城市：{city}。每行填一条记录，从表头下一行起填写；不要改动表头，列的次序不限，选填列可以删除。",
        "表头括号内为计量单位；按其他单位填报时，请把表头中的单位改成所用单位（如“亩”“亿元”），不要换算后再填。",
        "没有数据的单元格留空，不要填 0。代码列已设为文本格式，粘贴时请选择“只粘贴值”，以免代码变成数字。",
        f"“{GUIDE}”和“{LISTS}”不会被当作数据读取；示例只在本表中，不要写入数据表。",
    ):
        sheet.append([cells.put(sheet, text)])
    sheet.append([])
    sheet.append([cells.put(sheet, t, strong) for t in ("数据表", "列", "是否必填", "格式", "取值与规则", "示例")])
    sheet.freeze_panes = f"A{sheet.max_row + 1}"
    for template in templates:
        for column in template.columns:
            texts = (column.header, column.need, _KINDS[column.kind], "；".join(column.rules), column.example)
            sheet.append([cells.put(sheet, text, body) for text in (template.name_zh, *texts)])


def _list_sheet(sheet: Any, lists: Lists) -> None:
    text = cells.style(sheet, number_format="@")
    title = sheet.cell(1, 1, LISTS)
    title._style = copy(cells.style(sheet, font=cells.font(bold=True, size=18)))
    for number, (name, rows) in enumerate(lists.items()):
        column = 3 * number + 1
        sheet.column_dimensions[get_column_letter(column)].width = 18
        sheet.column_dimensions[get_column_letter(column + 1)].width = 30
        sheet.cell(2, column, name).font = cells.font(bold=True)
        for at, (code, meaning) in enumerate(rows, start=3):
            for offset, value in enumerate((code, meaning)):
                cell = sheet.cell(at, column + offset, cells.plain(value))
                cell._style = copy(text)
                cells.defuse(cell)
    sheet.freeze_panes = "A3"
