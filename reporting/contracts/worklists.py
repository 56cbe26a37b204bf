"""Worklists: one workbook a district and one a department, as of a day (`WAREHOUSE/worklists/<as-of>/`).

Read from the published marts, or from the working file by the monthly DAG. Equal marts give equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from landgauge.errors import ConfigurationError
from landgauge.settings import Settings, StageResult
from reporting.contracts.book import Part, write
from reporting.contracts.folder import replaced
from reporting.contracts.sheets import SHEETS, Sheet, rows_of
from reporting.contracts.tables import Row, Tables
from warehouse import db, lock
from warehouse.published import open_snapshot

_SIGN = ".landgauge-worklists"
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
_NONE = "未定"  # district or department that the marts do not know


@dataclass(frozen=True)
class _Reader:
    """Whom a workbook is for: the name of its file, its title, and which rows of a sheet are theirs."""

    file: str
    title: str
    key: Callable[[Sheet, Row], bool]


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
    found = {sheet: rows_of(tables, sheet) for sheet in SHEETS}
    readers = _readers(found)
    with replaced(target, _SIGN) as building:
        for reader in readers:
            parts = [Part(sheet, [r for r in rows if reader.key(sheet, r)]) for sheet, rows in found.items()]
            write(building / reader.file, reader.title, tables, parts)
    return StageResult(rows={"workbooks": len(readers), "lines": sum(len(rows) for rows in found.values())})


def _readers(found: Mapping[Sheet, list[Row]]) -> list[_Reader]:
    """Everyone who has a row, districts first, in order of code and name."""
    rows = [row for some in found.values() for row in some]
    districts = {row["district"] or _NONE: row["district_name"] or "" for row in rows}
    departments = {name for row in rows for name in _departments(row)}
    areas = [(f"{code} {districts[code]}".strip(), code) for code in sorted(districts)]
    area_files = _files("行政区", [name for name, _ in areas])
    readers = [
        _Reader(file, f"履约工作清单：{name}", lambda _, row, code=code: (row["district"] or _NONE) == code)
        for file, (name, code) in zip(area_files, areas, strict=True)
    ]
    names = sorted(departments)
    return readers + [
        _Reader(file, f"履约工作清单：{name}", lambda sheet, row, name=name: sheet.for_all or name in _departments(row))
        for file, name in zip(_files("部门", names), names, strict=True)
    ]


def _departments(row: Row) -> Iterable[str]:
    """The departments of a row; a row of a sheet without departments has none."""
    if "department" not in row:
        return ()
    return [name for name in (row["department"] or _NONE).split("、") if name] or [_NONE]


def _files(folder: str, names: list[str]) -> list[str]:
    """A file name for each: what file systems do not take is replaced, and two names never share a file."""
    files: list[str] = []
    for name in names:
        safe = _UNSAFE.sub("_", name).strip(" .")[:60] or "_"
        same = sum(1 for file in files if file.casefold().startswith(f"{folder}/{safe}".casefold()))
        files.append(f"{folder}/{safe}{f' ({same + 1})' if same else ''}.xlsx")
    return files
