"""One workbook of results: a first sheet of words, then lists with frozen headers, filters, formats and units.

Written row by row in constant memory; equal content gives equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from reporting.contracts.book import FIRST_DAY, FORMATS
from reporting.contracts.sheets import Column
from reporting.returns import cells

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_MADE = datetime(1980, 1, 1)
_NUMBERS = {"whole", "number", "year", "share"}
_HEADER_HEIGHT = 33  # points: two lines
_BLANKS = " \t\r\n"


@dataclass(frozen=True)
class Table:
    """A list: title of its sheet, columns, number of rows, the rows in the order of the columns, and what it shows."""

    title: str
    columns: tuple[Column, ...]
    count: int
    rows: Callable[[], Iterable[Sequence[object]]]
    about: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the first sheet: its cells, and how it looks (title, strong, red, plain)."""

    values: tuple[object, ...]
    look: str = "plain"


@lru_cache(maxsize=1 << 16, typed=True)
def harmless(value: object) -> str:
    """Return text that stays text in a spreadsheet, and also where it is saved as csv and opened again.

    Text that could begin a formula gets an apostrophe in front; control characters become visible signs.
    """
    text = (cells.plain(value) or "").replace("\r\n", "\n").replace("\r", "\n")
    starts = text.lstrip(_BLANKS).startswith(cells.STARTS_FORMULA) or text[:1] in ("\t", "\n")
    return f"'{text}" if starts else text


def write(target: Path, front: Sequence[Line], tables: Sequence[Table], most: int = cells.SHEET_ROWS - 1) -> None:
    """Write a workbook by rename; a list of more than `most` rows goes on in further sheets of the same columns."""
    target.parent.mkdir(parents=True, exist_ok=True)
    rough = target.with_name(f"{target.name}.part")
    with closing(Workbook(str(rough), _OPTIONS)) as book:
        book.set_properties({"author": "Landgauge", "created": _MADE})
        _front(book, front)
        formats = {form: book.add_format(_look(form)) for form in FORMATS}
        head = book.add_format(
            {
                "bold": True,
                "font_color": "#FFFFFF",
                "bg_color": "#1F3864",
                "text_wrap": True,
                "valign": "top",
                "indent": 1,
            }
            | {"font_name": cells.FONT, "font_size": 11}
        )
        for table in tables:
            _list(book, table, formats, head, most)
    rough.replace(target)


def _look(form: str) -> dict[str, object]:
    side = "right" if form in _NUMBERS else "left"
    look: dict[str, object] = {"num_format": FORMATS[form], "align": side, "valign": "top", "indent": 1}
    return look | {"font_name": cells.FONT, "font_size": 11}


def _front(book: Workbook, lines: Sequence[Line]) -> None:
    sheet = book.add_worksheet("说明")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 14)
    sheet.set_column(2, 2, 90)
    _for_print(sheet)
    base = {"font_name": cells.FONT, "font_size": 11, "valign": "top"}
    looks = {
        "title": book.add_format(base | {"bold": True, "font_size": 16}),
        "strong": book.add_format(base | {"bold": True}),
        "red": book.add_format(base | {"bold": True, "font_color": "#C00000"}),
        "plain": book.add_format(base),
    }
    for row, line in enumerate(lines):
        for column, value in enumerate(line.values):
            if isinstance(value, int):
                sheet.write_number(row, column, value, looks[line.look])
            elif value is not None:
                sheet.write_string(row, column, harmless(value), looks[line.look])


def _list(book: Workbook, table: Table, formats: dict[str, Format], head: Format, most: int) -> None:
    """Write a list over as many sheets as it needs, at least one."""
    rest = iter(table.rows())
    sheets = max(1, math.ceil(table.count / most))
    for number in range(1, sheets + 1):
        here = min(most, table.count - most * (number - 1))
        sheet = book.add_worksheet(table.title if sheets == 1 else f"{table.title} ({number})")
        _head(sheet, table, head, max(here, 1))
        writers = [(c.form, formats[c.form]) for c in table.columns]
        for row in range(1, here + 1):
            for column, (value, (form, look)) in enumerate(zip(next(rest), writers, strict=True)):
                if value is not None:
                    _put(sheet, (row, column), value, form, look)


def _head(sheet: Worksheet, table: Table, head: Format, rows: int) -> None:
    for number, column in enumerate(table.columns):
        sheet.set_column(number, number, column.width)
    sheet.set_row(0, _HEADER_HEIGHT)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, rows, len(table.columns) - 1)
    sheet.repeat_rows(0)
    _for_print(sheet)
    for number, column in enumerate(table.columns):
        sheet.write_string(0, number, harmless(column.header), head)


def _for_print(sheet: Worksheet) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _put(sheet: Worksheet, place: tuple[int, int], value: object, form: str, look: Format) -> None:
    """Write a cell: numbers and dates as such where a spreadsheet can hold them, all else as harmless text."""
    if isinstance(value, str):
        sheet.write_string(*place, harmless(value), look)
    elif isinstance(value, bool):
        sheet.write_string(*place, "是" if value else "否", look)
    elif isinstance(value, int | float | Decimal) and form in _NUMBERS:
        if math.isfinite(value):
            sheet.write_number(*place, value, look)
    elif form == "date" and isinstance(value, date) and value >= FIRST_DAY:
        sheet.write_datetime(*place, value, look)
    else:
        sheet.write_string(*place, harmless(value), look)
