"""Cells as they leave the house: text that no spreadsheet runs as a formula, marks, and comments."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from copy import copy

from openpyxl.cell.cell import Cell, WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray

from reporting.returns.model import Finding

AUTHOR = "填报检查"
LEAD = f"【{AUTHOR}】"
SHEET_ROWS, SHEET_COLUMNS = 1_048_576, 16_384  # what a spreadsheet can hold
_LONGEST_CELL, _LONGEST_COMMENT = 32_000, 4_000  # characters; a spreadsheet holds 32,767, and nobody reads the rest
STARTS_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NO_XML = re.compile(r"[\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")

FONT = "等线"
_ERROR_LINE, _WARNING_LINE = Side("medium", "C00000"), Side("mediumDashed", "7F6000")
_ROW_LINE = Side("thin", "C00000")
ERROR_FILL, WARNING_FILL, ROW_FILL = "FFFFC7CE", "FFFFEB9C", "FFFCE4D6"
_MARKS = {
    "error": (ERROR_FILL, Border(*(_ERROR_LINE,) * 4)),
    "warning": (WARNING_FILL, Border(*(_WARNING_LINE,) * 4)),
    "row": (ROW_FILL, Border(top=_ROW_LINE, bottom=_ROW_LINE)),
}


def plain(value: object) -> str | None:
    """Return text that any spreadsheet file may hold: control characters become visible signs."""
    if value is None:
        return None
    text = _CONTROL.sub(lambda found: chr(0x2400 + ord(found[0])), str(value))
    text = _NO_XML.sub("\ufffd", text)
    return text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "…（以下略）"


def width(value: object) -> int:
    """Return how many digits wide a text is shown; a Chinese character takes the room of two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in str(value))


def defuse(cell: Cell) -> None:
    """Make a text cell a text for good: never a formula, also not after somebody edits it."""
    if isinstance(cell.value, str) and cell.value.startswith(STARTS_FORMULA):
        cell.data_type = "s"
        cell.quotePrefix = True


def put(sheet: object, value: object, style: StyleArray | None = None) -> Cell:
    """Return a new cell of a sheet: numbers as numbers, all else as harmless text."""
    cell = WriteOnlyCell(sheet)
    if style is not None:
        cell._style = copy(style)
    if isinstance(value, int | float):
        cell.value = value
    elif value is not None:
        cell.value = plain(value)
        cell.data_type = "s"
        defuse(cell)
    return cell


def style(sheet: object, **parts: object) -> StyleArray:
    """Return a style of a workbook, made once and used for many cells."""
    cell = WriteOnlyCell(sheet)
    cell.font = Font(name=FONT, size=11)
    for name, value in parts.items():
        setattr(cell, name, value)
    return cell._style


def font(**parts: object) -> Font:
    """Return the house font."""
    return Font(name=FONT, **({"size": 11} | parts))


def wrapped(horizontal: str | None = None, wrap: bool = True) -> Alignment:
    """Return the alignment of running text."""
    return Alignment(horizontal=horizontal, vertical="top", wrap_text=wrap)


def mark(cell: Cell, kind: str) -> None:
    """Colour a cell and frame it: the frame tells error, warning and row apart where there is no colour."""
    colour, border = _MARKS[kind]
    cell.fill = PatternFill("solid", fgColor=colour)
    cell.border = border


def mark_over(cell: Cell, kind: str) -> None:
    """Mark a cell unless it bears a weightier mark already."""
    ranks = (None, "row", "warning", "error")
    there = next((k for k, (colour, _) in _MARKS.items() if is_marked(cell) and cell.fill.fgColor.rgb == colour), None)
    if ranks.index(kind) >= ranks.index(there):
        mark(cell, kind)


def is_marked(cell: Cell) -> bool:
    """Tell whether a cell bears one of our marks."""
    colour = cell.fill.fgColor.rgb if cell.fill.fill_type == "solid" else None
    return colour in (ERROR_FILL, WARNING_FILL, ROW_FILL)


def unmark(cell: Cell) -> None:
    """Take away what an earlier return left on a cell, so that mended cells look mended."""
    if is_marked(cell):
        cell.fill, cell.border = PatternFill(), Border()
    if cell.comment is not None and LEAD in cell.comment.text:
        own = cell.comment.text.split(LEAD)[0].strip()
        cell.comment = Comment(own, cell.comment.author) if own else None


def sentence(finding: Finding) -> str:
    """Return what is wrong and what to do, in one paragraph."""
    if finding.severity == "warning":
        return f"请核对：{finding.message}{finding.next_step}"
    return f"问题：{finding.message}\n处理：{finding.next_step}"


def explain(cell: Cell, findings: Iterable[str]) -> None:
    """Put sentences into a cell's comment, below what somebody else wrote there."""
    own = cell.comment.text.rstrip() + "\n\n" if cell.comment is not None else ""
    author = cell.comment.author if cell.comment is not None else AUTHOR
    text = plain(own + LEAD + "\n" + "\n".join(dict.fromkeys(findings))) or ""
    lines = sum(1 + len(line) // 22 for line in text.splitlines())
    cell.comment = Comment(text[:_LONGEST_COMMENT], author, width=340, height=min(30 + 20 * lines, 480))
