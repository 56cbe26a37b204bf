"""A Word document of plain blocks, the same bytes for the same blocks."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from reporting.returns.cells import plain

_FONT = "宋体"
_NO_DATE = datetime(2000, 1, 1)
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Block:
    """A part of a document: `kind` is title, heading, text or table (`rows`, the first of them its head)."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def write(target: Path, blocks: Sequence[Block], labels: Sequence[str] = ()) -> None:
    """Write the blocks to `target` by rename; `labels` stand in red above them."""
    document = Document()
    _page(document)
    for label in labels:
        _paragraph(document, label, colour=RGBColor(0xC0, 0, 0))
    for block in blocks:
        if block.kind == "table":
            _table(document, block.rows)
        else:
            _paragraph(document, block.text, block.kind)
    target.parent.mkdir(parents=True, exist_ok=True)
    rough, done = (target.with_name(f".{target.name}.{end}") for end in ("rough", "done"))
    document.save(str(rough))
    _without_clock(rough, done)
    rough.unlink()
    done.replace(target)


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.6)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(12)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    properties = document.core_properties
    properties.author = properties.last_modified_by = "Landgauge"
    properties.created = properties.modified = _NO_DATE


def _paragraph(document: Any, text: str, kind: str = "text", colour: RGBColor | None = None) -> None:
    paragraph = document.add_paragraph()
    run = paragraph.add_run(plain(text) or "")
    run.bold = kind != "text" or colour is not None
    run.font.size = Pt({"title": 20, "heading": 13}.get(kind, 12))
    if kind == "title":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if colour is not None:
        run.font.color.rgb = colour
    paragraph.paragraph_format.line_spacing, paragraph.paragraph_format.space_before = 1.5, Pt(6)


def _table(document: Any, rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=0, cols=len(rows[0]))
    table.style = "Table Grid"
    for number, row in enumerate(rows):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            run = cell.paragraphs[0].add_run(plain(text) or "")
            run.bold, run.font.size = number == 0, Pt(9.5)


def _without_clock(rough: Path, done: Path) -> None:
    with zipfile.ZipFile(rough) as source, zipfile.ZipFile(done, "w") as out:
        for member in source.infolist():
            info = zipfile.ZipInfo(member.filename, date_time=_ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, source.read(member.filename))
