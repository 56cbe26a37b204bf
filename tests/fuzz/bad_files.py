"""The known bad inputs, each by name: what it is, the rule that refuses it, and words that its reason holds."""

from __future__ import annotations

import io
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import openpyxl
from msoffcrypto.format.ooxml import OOXMLFile

from . import container_mutations as containers
from . import formats
from .tables import good

UNREADABLE, EMPTY, ENCODING, DUPLICATE = "file:unreadable", "file:empty", "file:encoding", "file:duplicate_header"
MISSING, CRS = "file:missing_column", "file:crs"


@dataclass(frozen=True)
class Bad:
    """A file (or several, with sidecars) and what becomes of it: refused by `rule`, or loaded with these counts."""

    name: str
    make: Callable[[int], dict[str, bytes]]
    rule: str | None = None
    counts: tuple[int, int, int] | None = None  # rows_in, accepted, quarantined of a file that is loaded
    in_reason: str = ""


def _csv(slot: int) -> str:
    return formats.csv_text(good("parcels", slot, rows=3))


def _book(slot: int) -> bytes:
    return formats.xlsx(good("parcels", slot, rows=3))[".xlsx"]


def _one(extension: str, make: Callable[[int], bytes | str]) -> Callable[[int], dict[str, bytes]]:
    def files(slot: int) -> dict[str, bytes]:
        content = make(slot)
        return {extension: content.encode() if isinstance(content, str) else content}

    return files


def _locked(slot: int) -> bytes:
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(_book(slot))).encrypt("secret", out)
    return out.getvalue()


def _locked_xls(slot: int) -> bytes:
    """A FILEPASS record right behind the beginning of the workbook, as every locked xls has it."""
    data = formats.xls(good("parcels", slot, rows=3))[".xls"]
    at = data.index(b"\x09\x08\x10\x00") + 20
    record = b"\x2f\x00\x06\x00\x00\x00" + b"\x12\x34\x56\x78"
    return data[:at] + record + data[at + len(record) :]


def _macros(slot: int) -> bytes:
    """What a .xlsm saved under the name .xlsx is: the same sheets, with a project of macros."""
    members = containers.read_members(_book(slot))
    types = members["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    return containers.write_members(members | {"[Content_Types].xml": types, "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"})


def _no_cells(slot: int) -> bytes:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


def _far_cells(slot: int) -> bytes:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "宗地代码", "x"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _shape(slot: int, *, without: str = "", folder: str = "", zipped: bool = True) -> dict[str, bytes]:
    parts = formats.shp_parts(good("parcels", slot, rows=3, chinese=False))
    parts.pop(without, None)
    if not zipped:
        return parts
    return {".zip": containers.write_members({f"{folder}lots{suffix}": data for suffix, data in parts.items()})}


def _shape_zip(**options: str) -> Callable[[int], dict[str, bytes]]:
    return lambda slot: _shape(slot, **options)


def _escaping(slot: int) -> dict[str, bytes]:
    """An archive whose other members want to be written above the folder that they are unpacked into."""
    members = containers.read_members(_shape(slot)[".zip"])
    more = {"../../escaped.shp.txt": b"x", "/tmp/escaped.txt": b"x", "../lots.prj": b"x"}
    return {".zip": containers.write_members(members | more)}


def _linked(slot: int) -> dict[str, bytes]:
    """An archive in which a part of the Shapefile is a symbolic link to a file of the machine."""
    members = containers.read_members(_shape(slot)[".zip"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            if name.endswith(".prj"):
                info.create_system, info.external_attr, content = 3, 0o120777 << 16, b"/etc/passwd"
            archive.writestr(info, content)
    return {".zip": out.getvalue()}


def _plain_sqlite(slot: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gpkg"
        con = sqlite3.connect(path)
        con.executescript("create table parcels (宗地代码 text); insert into parcels values ('x');")
        con.close()
        return path.read_bytes()


def _truncated(extension: str, style: str) -> Callable[[int], dict[str, bytes]]:
    def files(slot: int) -> dict[str, bytes]:
        content = formats.ALL[style](good("parcels", slot, rows=3, chinese="shp" not in style))
        return {extension: content[extension][: len(content[extension]) * 2 // 3]}

    return files


def _bomb(style: str, change: containers.Mutation) -> Callable[[int], dict[str, bytes]]:
    def files(slot: int) -> dict[str, bytes]:
        content = formats.ALL[style](good("parcels", slot, rows=3, chinese="shp" not in style))
        return {extension: change(data, Random(0)) for extension, data in content.items()}

    return files


def _wide(slot: int) -> str:
    header, first, *_ = _csv(slot).splitlines()
    return header + "," * 2_000_000 + "\n" + first + "\n"


def _mixed(slot: int) -> bytes:
    first, second, third, fourth = _csv(slot).splitlines(keepends=True)
    return b"".join([first.encode(), second.encode(), third.encode("gb18030"), fourth.encode()])


def _unclosed(slot: int) -> str:
    lines = _csv(slot).splitlines(keepends=True)
    return "".join([lines[0], lines[1], lines[2].replace(",", ',"', 2).replace(',"', ",", 1), lines[3]])


def _large_cell(slot: int) -> str:
    lines = _csv(slot).splitlines(keepends=True)
    cells = lines[2].split(",")
    return "".join([lines[0], lines[1], ",".join([cells[0], "厂" * 7_000_000, *cells[2:]]), lines[3]])


def _doubled(slot: int) -> str:
    header, *rows = _csv(slot).splitlines()
    return "\n".join([header + ",宗地代码", *(row + ",x" for row in rows)]) + "\n"


def _bom_inside(slot: int) -> str:
    header, *rows = _csv(slot).splitlines()
    return "\n".join([header.replace(",", ",\ufeff", 1), *rows]) + "\n"


def _nul(slot: int) -> str:
    lines = _csv(slot).splitlines(keepends=True)
    return "".join([lines[0], lines[1], lines[2][:5] + "\0" + lines[2][5:], lines[3]])


_HTML = "<html><body><table><tr><td>宗地代码</td></tr></table></body></html>"

BAD: tuple[Bad, ...] = (
    Bad("truncated workbook", _truncated(".xlsx", "xlsx"), UNREADABLE),
    Bad("truncated archive", _truncated(".zip", "shp zip"), UNREADABLE),
    Bad("truncated layer", _truncated(".gpkg", "gpkg"), UNREADABLE),
    Bad("truncated parquet", _truncated(".parquet", "parquet"), UNREADABLE),
    Bad("truncated geojson", _truncated(".geojson", "geojson"), UNREADABLE),
    Bad("locked xlsx", _one(".xlsx", _locked), UNREADABLE, in_reason="密码"),
    Bad("locked xls", _one(".xls", _locked_xls), UNREADABLE, in_reason="密码"),
    Bad("macros", _one(".xlsx", _macros), counts=(3, 3, 0)),
    Bad("macro extension", _one(".xlsm", _macros), UNREADABLE),
    Bad("zip bomb book", _bomb("xlsx", containers.zip_bomb), UNREADABLE, in_reason="MB"),
    Bad("xml bomb book", _bomb("xlsx", containers.xml_bomb), UNREADABLE, in_reason="实体"),
    Bad("two million columns", _one(".csv", _wide), UNREADABLE),
    Bad("nul", _one(".csv", _nul), counts=(3, 2, 1)),
    Bad("mixed encodings", _one(".csv", _mixed), ENCODING),
    Bad("climbing archive", _escaping, counts=(3, 3, 0)),
    Bad("link in archive", _linked, CRS),
    Bad("empty csv", _one(".csv", lambda slot: b""), EMPTY),
    Bad("empty book", _one(".xlsx", _no_cells), EMPTY),
    Bad("blank csv", _one(".csv", lambda slot: "\n \n\n"), EMPTY),
    Bad("duplicate header", _one(".csv", _doubled), DUPLICATE),
    Bad("no shx", _shape_zip(without=".shx"), counts=(3, 3, 0)),
    Bad("no dbf", _shape_zip(without=".dbf"), UNREADABLE, in_reason=".dbf"),
    Bad("no prj", _shape_zip(without=".prj"), CRS),
    Bad("no shp", _shape_zip(without=".shp"), UNREADABLE),
    Bad("xlsx that is html", _one(".xlsx", lambda slot: _HTML), UNREADABLE, in_reason="网页"),
    Bad("xls that is html", _one(".xls", lambda slot: _HTML + "\n"), UNREADABLE, in_reason="网页"),
    Bad("csv that is xlsx", _one(".csv", _book), UNREADABLE),
    Bad("gpkg that is sqlite", _one(".gpkg", _plain_sqlite), UNREADABLE),
    Bad("far cells", _one(".xlsx", _far_cells), UNREADABLE, in_reason="1048576"),
    Bad("unclosed quotation mark", _one(".csv", _unclosed), UNREADABLE, in_reason="quotation marks"),
    Bad("cell of 20 MB", _one(".csv", _large_cell), counts=(3, 3, 0)),
    Bad("carriage returns", _one(".csv", lambda slot: _csv(slot).replace("\n", "\r")), counts=(3, 3, 0)),
    Bad("header alone", _one(".csv", lambda slot: _csv(slot).splitlines()[0]), counts=(0, 0, 0)),
    Bad("mark inside header", _one(".csv", _bom_inside), counts=(3, 3, 0)),
    Bad('it\'s; a "name" -- 100%', _one(".csv", _csv), counts=(3, 3, 0)),
)
