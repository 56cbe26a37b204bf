"""Worklists: one workbook a district and one a department, as of a day (`WAREHOUSE/worklists/<as-of>/`).

Read from the published marts, or from the working file by the monthly DAG. Equal marts give equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from landgauge.errors import ConfigurationError
from landgauge.settings import Settings, StageResult
from reporting.contracts.book import Part, write
from reporting.contracts.folder import replaced
from reporting.contracts.sheets import SHEETS, rows_of
from reporting.contracts.tables import Row, Tables
from warehouse import db, lock
from warehouse.published import open_snapshot

_SIGN = ".landgauge-worklists"
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
_NONE = "未定"  # district or department that the marts do not know


Rows = dict[str, list[Row]]
"""The rows of one reader, by title of the sheet."""


def published_worklists(warehouse: Path, as_of: date | None = None, target: Path | None = None) -> StageResult:
    """Write the worklists as of a published day (default: the newest) from the published marts.

    Rows: workbooks. Raises StageFailed where nothing is published, ConfigurationError where that day is not.
    """
    with open_snapshot(warehouse / "published" / "current.duckdb") as con:
        return _write(Tables(con, as_of), warehouse, target)


def working_worklists(settings: Settings, target: Path | None = None) -> StageResult:
    """Write the worklists as of the settings' day from the working file, whose contracts layer was just built.

    Raises ConfigurationError where the layer was built as of another day, WarehouseBusy while another process writes.
    """
    if not settings.database.is_file():
        raise ConfigurationError(f"nothing is built in {settings.warehouse}", "Run `landgauge contracts` first.")
    with lock.writer(settings), db.connect(settings) as con:
        tables = Tables(con, settings.as_of)
        tables.year = settings.year
        found = con.execute("select bool_or(generated), any_value(notes) from profile.setting").fetchall()[0]
        tables.generated, tables.notes = bool(found[0]), list(found[1] or [])
        return _write(tables, settings.warehouse, target)


def _write(tables: Tables, warehouse: Path, target: Path | None) -> StageResult:
    target = target or warehouse / "worklists" / tables.as_of.isoformat()
    found = {sheet.title: rows_of(tables, sheet) for sheet in SHEETS}
    areas, departments = by_district(found), by_department(found)
    books = list(zip(file_names("行政区", list(areas)), areas.items(), strict=True))
    books += zip(file_names("部门", list(departments)), departments.items(), strict=True)
    with replaced(target, _SIGN) as building:
        for file, (name, rows) in books:
            parts = [Part(sheet, rows.get(sheet.title, [])) for sheet in SHEETS]
            write(building / file, f"履约工作清单：{name}", tables, parts)
    return StageResult(rows={"workbooks": len(books), "lines": sum(len(rows) for rows in found.values())})


def by_district(found: Rows) -> dict[str, Rows]:
    """The rows of each district that has any, in order of its code."""
    parts: dict[str, Rows] = {}
    names: dict[str, str] = {}
    for title, rows in found.items():
        for row in rows:
            code = row["district"] or _NONE
            names[code] = row["district_name"] or names.get(code, "")
            parts.setdefault(code, {}).setdefault(title, []).append(row)
    return {f"{code} {names[code]}".strip(): parts[code] for code in sorted(parts)}


def by_department(found: Rows) -> dict[str, Rows]:
    """The rows of each department that has any, in order of its name, and the sheets that all of them get."""
    parts: dict[str, Rows] = {}
    for title, rows in found.items():
        for row in rows:
            for name in _departments(row):
                parts.setdefault(name, {}).setdefault(title, []).append(row)
    shared = {sheet.title: found[sheet.title] for sheet in SHEETS if sheet.for_all}
    return {name: parts[name] | shared for name in sorted(parts)}


def _departments(row: Row) -> Iterable[str]:
    """The departments of a row; a row of a sheet without departments has none."""
    if "department" not in row:
        return ()
    return [name for name in (row["department"] or _NONE).split("、") if name] or [_NONE]


def file_names(folder: str, names: list[str]) -> list[str]:
    """A file name for each: what file systems do not take is replaced, and two names never share a file."""
    files: list[str] = []
    for name in names:
        safe = _UNSAFE.sub("_", name).strip(" .")[:60] or "_"
        same = sum(1 for file in files if file.casefold().startswith(f"{folder}/{safe}".casefold()))
        files.append(f"{folder}/{safe}{f' ({same + 1})' if same else ''}.xlsx")
    return files
