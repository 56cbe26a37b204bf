"""One workbook of a worklist: a front sheet that counts, and the lists with frozen headers, filters and formats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl.cell.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from reporting.contracts.sheets import Column, Sheet
from reporting.contracts.tables import Row, Tables
from reporting.returns import cells
from reporting.returns.package import save

LISTED = 100_000  # lines of a sheet; nobody works through more, and a spreadsheet becomes slow
GENERATED = "生成数据（示例）：宗地、企业和全部数值由程序生成，不是任何真实城市的情况。Generated data."
PROPOSED = "本清单由规则得出，仅为提醒和建议；是否采取措施由主管部门和评估委员会决定。"
ILLUSTRATIVE = "提醒天数、过程评估间隔、预警限值等政策参数为示意值，使用前由主管部门核定。"
FORMATS = {"date": "yyyy-mm-dd", "whole": "#,##0", "number": "#,##0.00##", "text": "@", "flag": "@"}
FORMATS |= {"year": "0", "share": "0.0%"}
FIRST_DAY = date(1900, 3, 1)  # spreadsheets count days rightly from here on


@dataclass(frozen=True)
class Part:
    """A sheet and the rows that one reader gets of it."""

    sheet: Sheet
    rows: Sequence[Row]


def write(target: Path, title: str, tables: Tables, parts: Sequence[Part]) -> None:
    """Write one workbook by rename."""
    book = Workbook(write_only=True)
    _front(book.create_sheet("说明"), title, tables, parts)
    for part in parts:
        list_sheet(book.create_sheet(part.sheet.title), part)
    save(book, target)


def _front(sheet: Any, title: str, tables: Tables, parts: Sequence[Part]) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 20, 90
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "landscape", "9", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    plain = cells.style(sheet, alignment=cells.wrapped("left", wrap=False))
    strong = cells.style(sheet, font=cells.font(bold=True))
    red = cells.style(sheet, font=cells.font(bold=True, color="C00000"))
    sheet.append([cells.put(sheet, title, cells.style(sheet, font=cells.font(bold=True, size=16)))])
    if tables.generated:
        sheet.append([cells.put(sheet, GENERATED, red)])
    for note in [*tables.notes, PROPOSED, ILLUSTRATIVE]:
        sheet.append([cells.put(sheet, note, plain)])
    facts = (("观察日", tables.as_of), ("数据截至年度", str(tables.year)))
    for name, value in facts:
        sheet.append(
            [cells.put(sheet, name, strong), _cell(sheet, value, "date" if name == "观察日" else "text", plain)]
        )
    sheet.append([])
    sheet.append([cells.put(sheet, text, strong) for text in ("工作表", "行数")])
    for part in parts:
        sheet.append([cells.put(sheet, part.sheet.title, plain), cells.put(sheet, len(part.rows), plain)])


def list_sheet(sheet: Any, part: Part) -> None:
    """Write a list; what does not fit is said in its last line."""
    columns, shown = part.sheet.columns, part.rows[:LISTED]
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{max(len(shown), 1) + 1}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "landscape", "9", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    for number, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    head = cells.style(
        sheet, font=Font(name=cells.FONT, bold=True, color="FFFFFF"), fill=PatternFill("solid", fgColor="1F3864"),
        alignment=cells.wrapped("left"),
    )  # fmt: skip
    styles = [_style(sheet, column) for column in columns]
    sheet.append([cells.put(sheet, column.header, head) for column in columns])
    for row in shown:
        sheet.append([_cell(sheet, row[c.name], c.form, s) for c, s in zip(columns, styles, strict=True)])
    if len(part.rows) > LISTED:
        sheet.append([cells.put(sheet, f"此处列出前 {LISTED:,} 行，共 {len(part.rows):,} 行。")])


def _style(sheet: Any, column: Column) -> StyleArray:
    side = "left" if column.form in ("date", "text", "flag") else "right"
    return cells.style(sheet, number_format=FORMATS[column.form], alignment=cells.wrapped(side))


def _cell(sheet: Any, value: object, form: str, style: StyleArray) -> Cell:
    """A cell of its form: dates and numbers as such where a spreadsheet can hold them, all else as harmless text."""
    if isinstance(value, bool):
        value = "是" if value else "否"
    if isinstance(value, float) and not math.isfinite(value):
        value = None
    if form == "date" and isinstance(value, date) and value >= FIRST_DAY:
        cell = WriteOnlyCell(sheet)
        cell._style = copy(style)
        cell.value = value
        cell.number_format = FORMATS["date"]
        return cell
    return cells.put(sheet, value, style)
