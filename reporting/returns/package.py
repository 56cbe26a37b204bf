"""Workbooks with equal content have equal bytes: no clock in their properties, one date on their parts."""

from __future__ import annotations

import zipfile
from pathlib import Path

from openpyxl.packaging.core import DocumentProperties
from openpyxl.workbook import Workbook

_DATE = (1980, 1, 1, 0, 0, 0)
_PROPERTIES = "docProps/core.xml"
_CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>Landgauge</dc:creator></cp:coreProperties>'
)
_BLOCK = 1 << 20


def save(book: Workbook, target: Path) -> None:
    """Write a workbook to `target` by rename; the folder is made where it is missing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    book.properties = DocumentProperties(creator="Landgauge")
    rough, done = (target.with_name(f"{end}.part") for end in ("rough", "done"))
    book.save(rough)
    with zipfile.ZipFile(rough) as source, zipfile.ZipFile(done, "w") as out:
        for member in source.infolist():
            _copy(source, out, member.filename)
    rough.unlink()
    done.replace(target)


def _copy(source: zipfile.ZipFile, out: zipfile.ZipFile, name: str) -> None:
    info = zipfile.ZipInfo(name, date_time=_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    if name == _PROPERTIES:
        out.writestr(info, _CORE)
        return
    with source.open(name) as handle, out.open(info, "w", force_zip64=False) as target:
        while block := handle.read(_BLOCK):
            target.write(block)
