"""A landing area written by hand for the returns: which cells are bad was worked out by hand, too."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from ingestion.load import ingest
from landgauge.settings import Settings, year_end

YEAR = 2024
BOOK, CSV, ZONES = f"parcels/{YEAR}/黄埔区 'A';.xlsx", f"parcels/{YEAR}/南沙区.csv", f"zones/{YEAR}/开发区.csv"
P = [f"440112001001GB{i:05d}" for i in range(20)]
CITY = """
generated: true
checks:
  - code: round_area
    dataset: parcels
    when: '"宗地名称" = ''整数厂'''
    message_zh: 宗地名称像是占位的名称。
    message_en: The name looks like a placeholder.
"""
# sheet, cell: (mark, rule codes said in its comment); rows without a comment of their own are marked with no code
EXPECTED: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("一期", "C6"): ("warning", ("round_area",)),
    ("一期", "E9"): ("error", ("list:land_use_code",)),
    ("一期", "F9"): ("error", ("required:site_area_m2",)),
    ("一期", "F10"): ("error", ("type:site_area_m2",)),
    ("一期", "B11"): ("row", ("conflict:parcel_code",)),
    **{("一期", f"{c}11"): ("row", ()) for c in "CDEFG"},
    ("二期", "A2"): ("row", ("conflict:parcel_code",)),
    **{("二期", f"{c}2"): ("row", ()) for c in "BCDE"},
    ("二期", "A5"): ("error", ("spreadsheet_number:parcel_code",)),
    ("二期", "E5"): ("error", ("range:site_area_m2",)),
}
COUNTS = (8, 3, 5, 0)  # rows in, accepted, quarantined, superseded


def workbook() -> bytes:
    """Two visible sheets with data: one under a title, with a header of two rows and gaps; a hidden one; a remark."""
    book = openpyxl.Workbook()
    first = book.active
    first.title = "一期"
    first["B1"] = "2024 年宗地申报表"
    first["B1"].font = Font(bold=True, size=16)
    first.merge_cells("B1:G1")
    first.row_dimensions[1].height = 26
    first["B3"], first["F3"] = "基本情况", "面积"
    first.merge_cells("B3:E3")
    first.merge_cells("F3:G3")
    for cell, text in zip(
        "BCDEFG", ("宗地代码", "宗地名称", "行政区代码", "土地用途代码", "宗地面积(亩)", "绿地面积"), strict=True
    ):
        first[f"{cell}4"] = text
    rows = {
        6: (P[1], "整数厂", "440112", "M1", 15, 10),
        9: (P[2], "=SUM(1,2)", "440112", "X9", None, 5),
        10: (P[3], "三号地", "440112", "M1", "很大", None),
        11: (P[4], "四号地", "440112", "M1", 30, None),
        12: (P[5], "@五号地", "440112", "M1", 31, None),
    }
    for row, values in rows.items():
        for cell, value in zip("BCDEFG", values, strict=True):
            first[f"{cell}{row}"] = value
            if isinstance(value, str):
                first[f"{cell}{row}"].data_type = "s"
    for letter in "BCDEFG":
        first.column_dimensions[letter].width = 24
        first[f"{letter}4"].fill = PatternFill("solid", fgColor="FFEDEDED")
    first["F10"].comment = Comment("待测绘院确认", "张三")
    first["B6"].fill = PatternFill("solid", fgColor="FFD9E1F2")
    first["B6"].hyperlink = "https://example.org/parcel"
    first.add_data_validation(DataValidation(type="list", formula1='"M0,M1,M2"', sqref="E6:E20"))
    first.add_data_validation(DataValidation(type="list", formula1="[other.xlsx]Sheet1!$A$1:$A$3", sqref="D6:D20"))
    _second(book.create_sheet("二期"))
    hidden = book.create_sheet("草稿")
    hidden.append(["宗地代码", "行政区代码", "土地用途代码", "宗地面积"])
    hidden.append(["bad", "bad", "bad", -1])
    hidden.sheet_state = "hidden"
    book.create_sheet("备注")["A1"] = "由园区办填报"
    buffer = io.BytesIO()
    book.save(buffer)
    return _with_formula(buffer.getvalue())


def _second(sheet) -> None:
    sheet.append(["宗地代码", "宗地名称", "行政区代码", "土地用途代码", "宗地面积"])
    sheet.append([P[4], "四号地", "440112", "M1", 777])
    sheet.append([])
    sheet.append([P[6], "六号地", "440112", "M2", 6000])
    sheet.append([9.144e17, "七号地", "440112", "M2", -3])
    sheet.row_dimensions[5].hidden = True


def _with_formula(data: bytes) -> bytes:
    """Make the 6000 of the second sheet a formula with that cached value, as a spreadsheet program writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            content = source.read(member)
            if member.filename == "xl/worksheets/sheet2.xml":
                content, found = re.subn(rb"<v>6000</v>", b"<f>2000*3</f><v>6000</v>", content)
                assert found == 1
            target.writestr(member, content)
    return out.getvalue()


def csv_text() -> str:
    rows = [
        "宗地代码,宗地名称,行政区代码,土地用途代码,宗地面积",
        f"{P[10]},\"=cmd|' /C calc'!A0\",440115,M1,-5",
        f"{P[11]},好地,440115,M1,1000",
        f"{P[12]},整数厂,440115,M1,1000",
        f"{P[13]},控\x01制符,440115,M9,abc,多余,=x",
    ]
    return "\n".join(rows) + "\n"


def settings(folder: Path) -> Settings:
    return Settings(warehouse=folder / "warehouse", year=YEAR, as_of=year_end(YEAR), landing=folder / "landing")


def put(folder: Path, name: str, content: bytes | str) -> None:
    path = folder / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def make(folder: Path) -> Settings:
    """Write the landing area and load it."""
    put(folder, "city.yml", CITY)
    put(folder, BOOK, workbook())
    put(folder, CSV, csv_text())
    put(folder, ZONES, "名称,级别\n一区,国家级\n")
    ingest(settings(folder))
    return settings(folder)
