"""What the workbook library does not tell: error cells, formulas without a stored value, and how far a sheet reaches.

The library gives an error cell as an empty one, and allocates the rectangle between the outermost cells. So a sheet
is looked through beforehand: the XML of xlsx by pattern, block by block; the records of xls one by one.
"""

from __future__ import annotations

import html
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from posixpath import join, normpath, split
from typing import Any
from xml.etree import ElementTree

import olefile

from ingestion import reading_zip
from ingestion.refusal import Rejected

Oddities = dict[int, dict[int, str]]  # by row and column from 0: the text to stand in an empty cell's place
PASSWORD = "工作簿有密码保护, 请去掉密码后再交 (the workbook is protected by a password)"  # noqa: S105 a message
_DIRECTORY_LIMIT = 16 << 20  # bytes of the list of sheets
_LONGEST_CELL = 16 << 20  # bytes of XML between the ends of two cells
_NS = rb"(?:\w+:)?"
_ERROR = re.compile(
    rb"<" + _NS + rb"c\b(?=[^>]*\st\s*=\s*[\"']e[\"'])([^>]*)>(?:(?!</" + _NS + rb"c>).)*?<" + _NS + rb"v>([^<]*)<",
    re.DOTALL,
)
_UNSTORED = re.compile(
    rb"<" + _NS + rb"c\b([^>]*)>\s*<" + _NS + rb"f\b(?:[^>]*/>|[^>]*>([^<]*)</" + _NS + rb"f>)\s*"
    rb"(?:<" + _NS + rb"v\s*/>|<" + _NS + rb"v[^>]*>\s*</" + _NS + rb"v>)?\s*</" + _NS + rb"c>"
)
_FILLED = re.compile(rb"<" + _NS + rb"c\b([^>]*)>\s*<" + _NS + rb"(?:v|is|f)\b")
_PLACE = re.compile(rb"(?:^|\s)r\s*=\s*[\"']([A-Za-z]{1,7})(\d{1,10})[\"']")
_TEXT_RESULT = re.compile(rb"\st\s*=\s*[\"']str[\"']")
_FAR_COLUMN = re.compile(rb"r=\"([A-Z]{2,7})\d")
_ROW = re.compile(rb"<" + _NS + rb"row\b(?:[^>]*?\sr\s*=\s*[\"'](\d{1,10})[\"'])?")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def of_xlsx(archive: zipfile.ZipFile, sheets: list[str], limits: dict[str, Any]) -> dict[str, Oddities]:
    """Return the oddities of the named sheets. Raises Rejected where one reaches too far or is not to be found."""
    parts = _sheet_parts(archive)
    missing = [name for name in sheets if name not in parts]
    if missing:
        raise Rejected("unreadable", f"工作表“{missing[0]}”在文件中不存在 (the file lacks the sheet's part)")
    return {name: _of_sheet(archive, parts[name], name, limits) for name in sheets}


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Names of worksheets and their entries."""
    entries = {name.casefold(): name for name in archive.namelist()}
    place = _book_place(archive, entries)
    folder, name = split(place)
    book, relations = (_tree(archive, entries, part) for part in (place, join(folder, "_rels", f"{name}.rels")))
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    parts = {}
    for sheet in book.iter():
        if sheet.tag.endswith("}sheet"):
            target = targets.get(sheet.get(_RELATION) or sheet.get(_STRICT_RELATION), "")
            entry = entries.get(normpath(join("/", folder, target)).lstrip("/").casefold())
            if entry is not None:
                parts[sheet.get("name", "")] = entry
    return parts


def _book_place(archive: zipfile.ZipFile, entries: dict[str, str]) -> str:
    """The entry of the list of sheets, wherever the archive's own list says that it is."""
    if "_rels/.rels" in entries:
        for relation in _tree(archive, entries, "_rels/.rels"):
            if relation.get("Type", "").endswith("/officeDocument"):
                return normpath(join("/", relation.get("Target", ""))).lstrip("/").casefold()
    return "xl/workbook.xml"


def _tree(archive: zipfile.ZipFile, entries: dict[str, str], part: str) -> ElementTree.Element:
    if part not in entries:
        raise Rejected("unreadable", f"不是 xlsx 工作簿: 缺少 {part} (an archive, but no xlsx workbook)")
    content = reading_zip.whole(archive, entries[part], _DIRECTORY_LIMIT)
    _refuse_entities(content, part)
    try:
        return ElementTree.fromstring(content)  # noqa: S314 of bounded size, and entities were refused
    except ElementTree.ParseError as error:
        raise Rejected("unreadable", f"{part} 损坏 (broken XML): {error}") from error


def _refuse_entities(content: bytes, part: str) -> None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Rejected("unreadable", f"{part} 含 XML 实体声明, 工作簿不应有 (entity declarations: an XML bomb?)")


def _of_sheet(archive: zipfile.ZipFile, part: str, name: str, limits: dict[str, Any]) -> Oddities:
    found: Oddities = {}
    rows, last_row, columns = 0, 0, {b"Z"}
    for block in _cell_blocks(archive, part):
        _refuse_entities(block, part)
        given = _ROW.findall(block)
        rows += len(given)
        last_row = max([last_row, *(int(row) for row in given if row)])
        columns.update(_FAR_COLUMN.findall(block))
        if b't="e"' in block or b"t='e'" in block:
            for attributes, value in _ERROR.findall(block):
                _note(found, attributes, value or b"#ERROR", name)
        if b"<f" in block or b":f" in block:
            for attributes, formula in _UNSTORED.findall(block):
                if not _TEXT_RESULT.search(attributes):  # there an empty result is a result
                    _note(found, attributes, b"=" + formula, name)
    if max(rows, last_row) * (1 + max(map(_column, columns))) > limits["cells"]:
        _refuse_vast(archive, part, name, limits["cells"])
    return found


def _note(found: Oddities, attributes: bytes, text: bytes, sheet: str) -> None:
    place = _PLACE.search(attributes)
    if place is None:
        detail = f"工作表“{sheet}”有错误值或未算出的公式, 但无单元格位置, 请用 Excel 另存 (save it again)"
        raise Rejected("unreadable", detail)
    found.setdefault(int(place[2]) - 1, {})[_column(place[1])] = html.unescape(text.decode("utf-8", "replace"))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1


def _cell_blocks(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The XML of a sheet in blocks that end behind a cell or a row."""
    kept = b""
    for block in reading_zip.blocks(archive, part):
        kept += block
        end = max(kept.rfind(b"c>"), kept.rfind(b"row>"))
        if end >= 0 or len(kept) > _LONGEST_CELL:
            yield kept[: end + 4] if end >= 0 else kept
            kept = kept[end + 4 :] if end >= 0 else b""
    yield kept


def _refuse_vast(archive: zipfile.ZipFile, part: str, sheet: str, limit: int) -> None:
    """Cells without a value do not count: whole columns may be coloured."""
    last_row = last_column = cells = 0
    for block in _cell_blocks(archive, part):
        places = [p for attributes in _FILLED.findall(block) if (p := _PLACE.search(attributes))]
        cells += len(places)
        last_row = max([last_row, *(int(p[2]) for p in places)])
        last_column = max([last_column, *(1 + _column(p[1]) for p in places)])
    if last_row * last_column > limit:
        raise Rejected(
            "unreadable",
            f"工作表“{sheet}”只有 {cells} 个单元格有值, 却铺到第 {last_row} 行第 {last_column} 列, 请删去远处的单元格 "
            f"({cells} cells spread over {last_row} rows and {last_column} columns: delete the stray ones)",
        )


_BOF, _EOF, _FILEPASS, _BOUNDSHEET, _BOOLERR, _FORMULA = 0x809, 0x0A, 0x2F, 0x85, 0x205, 0x06
_ERROR_RESULT, _NO_NUMBER = 2, 0xFFFF
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


def of_xls(path: Path) -> list[Oddities]:
    """Return the oddities of every sheet in workbook order; of the old format only error cells can be told.

    Raises Rejected where the workbook is protected by a password, or the file holds none.
    """
    stream = _book_stream(path)
    offsets = []
    for kind, body in _records(stream, 0):
        if kind == _FILEPASS:
            raise Rejected("unreadable", PASSWORD)
        if kind == _BOUNDSHEET and len(body) >= 4:
            offsets.append(struct.unpack_from("<I", body)[0])
    return [_errors(stream, offset) for offset in offsets]


def _book_stream(path: Path) -> bytes:
    with olefile.OleFileIO(path) as ole:
        if ole.exists("EncryptedPackage"):
            raise Rejected("unreadable", PASSWORD)
        name = next((name for name in ("Workbook", "Book") if ole.exists(name)), None)
        if name is None:
            raise Rejected("unreadable", "是 Office 旧格式文件, 但不是工作簿 (an OLE file, but no workbook)")
        return ole.openstream(name).read()


def _records(stream: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Records of one substream, without those of the charts inside it."""
    depth, at = 0, start
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 1:
            yield kind, stream[at + 4 : at + 4 + size]
        elif depth <= 0:
            return
        at += 4 + size


def _errors(stream: bytes, offset: int) -> Oddities:
    found: Oddities = {}
    for kind, body in _records(stream, offset):
        code = _error_code(kind, body)
        if code is not None:
            row, column = struct.unpack_from("<HH", body)
            found.setdefault(row, {})[column] = _ERRORS.get(code, "#ERROR")
    return found


def _error_code(kind: int, body: bytes) -> int | None:
    if kind == _BOOLERR and len(body) >= 8 and body[7]:
        return body[6]
    if kind == _FORMULA and len(body) >= 14 and struct.unpack_from("<H", body, 12)[0] == _NO_NUMBER:
        return body[8] if body[6] == _ERROR_RESULT else None
    return None
