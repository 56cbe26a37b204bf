"""`landgauge workbooks`: one workbook a district, one a department that acts, one for the city, of a published year.

Written from the published marts; equal marts give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from landgauge.errors import ConfigurationError
from landgauge.settings import StageResult
from reporting.contracts.folder import replaced
from reporting.contracts.sheets import SHEETS, Sheet, rows_of
from reporting.contracts.tables import Row, Tables
from reporting.contracts.worklists import by_department, by_district, file_names
from reporting.marts import Marts
from reporting.workbooks import lists
from reporting.workbooks.book import Table, write
from reporting.workbooks.front import front
from warehouse.published import open_snapshot

_SIGN = ".landgauge-workbooks"
_NO_CALENDAR = "该年度没有发布履约日历，不含履约工作清单。"
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class _Contracts:
    """The rows of the worklists by sheet: of the city, of each district by code, of each department by name."""

    city: Rows
    districts: dict[str, Rows]
    departments: dict[str, Rows]
    remarks: tuple[str, ...]


def write_workbooks(warehouse: Path, year: int, target: Path | None = None, district: str | None = None) -> StageResult:
    """Write the workbooks of a published year to a folder, which is replaced at once.

    `district` is the code of the only district that is wanted. Rows: workbooks and lines. Raises StageFailed where
    the year is not published, ConfigurationError for an unknown district or a folder that holds other files.
    """
    target = target or warehouse / "published" / "workbooks" / str(year)
    with open_snapshot(warehouse / "published" / "current.duckdb") as con, con.cursor() as other:
        marts = Marts(con, year)
        some = lists.make_lists(marts)
        contracts = _contracts(marts, other)
        districts = _districts(marts, district)
        with replaced(target, _SIGN) as building:
            counts = [_district(building, marts, some, contracts, *pair) for pair in districts]
            if district is None:
                counts += [
                    _department(building, marts, some, contracts, *pair) for pair in _departments(marts, contracts)
                ]
                counts.append(_city(building, marts, some, contracts))
    return StageResult(rows={"workbooks": len(counts), "lines": sum(counts)})


def _contracts(marts: Marts, con: duckdb.DuckDBPyConnection) -> _Contracts:
    try:
        tables = Tables(con, marts.run["as_of_date"])
    except ConfigurationError:  # the calendar of that year's day is no longer published
        return _Contracts({}, {}, {}, (_NO_CALENDAR,))
    found = {sheet.title: rows_of(tables, sheet) for sheet in SHEETS}
    districts = {name.split(" ")[0]: rows for name, rows in by_district(found).items()}
    return _Contracts(found, districts, by_department(found), ())


def _worklists(rows: Rows) -> Iterator[Table]:
    for sheet in SHEETS:
        yield _worklist(sheet, rows.get(sheet.title, []))


def _worklist(sheet: Sheet, rows: Sequence[Row]) -> Table:
    names = [column.name for column in sheet.columns]
    return Table(
        f"履约·{sheet.title}",
        sheet.columns,
        len(rows),
        lambda: ([row[n] for n in names] for row in rows),
        "履约工作清单",
    )


def _districts(marts: Marts, wanted: str | None) -> list[tuple[str, str]]:
    """File and code of every district that has units in the year, or of the one that is wanted."""
    found = marts.rows(
        "select distinct district_code as code, coalesce(district_name, district_code) as name from units "
        "where district_code is not null order by 1"
    )
    if wanted is not None and wanted not in [row["code"] for row in found]:
        known = "、".join(row["code"] for row in found) or "none"
        raise ConfigurationError(f"no unit of {marts.year} lies in district {wanted}", f"Districts that have: {known}.")
    names = file_names("行政区", [f"{row['code']} {row['name']}" for row in found])
    pairs = [(file, row["code"]) for file, row in zip(names, found, strict=True)]
    return [pair for pair in pairs if wanted in (None, pair[1])]


def _departments(marts: Marts, contracts: _Contracts) -> list[tuple[str, str]]:
    """File and name of every department that a measure or a worklist names."""
    measures = marts.rows("select distinct department as name from list_measures where department is not null")
    names = sorted({row["name"] for row in measures} | set(contracts.departments))
    return list(zip(file_names("部门", names), names, strict=True))


def _district(
    folder: Path, marts: Marts, some: Sequence[lists.Listed], contracts: _Contracts, file: str, code: str
) -> int:
    tables = [*lists.tables_of(marts, some, "district_code", code)]
    return _write(folder / file, marts, Path(file).stem, tables, contracts, contracts.districts.get(code, {}))


def _department(
    folder: Path, marts: Marts, some: Sequence[lists.Listed], contracts: _Contracts, file: str, name: str
) -> int:
    measures = [one for one in some if one.table == "list_measures"]
    tables = [*lists.tables_of(marts, measures, "department", name)]
    return _write(folder / file, marts, name, tables, contracts, contracts.departments.get(name, {}))


def _city(folder: Path, marts: Marts, some: Sequence[lists.Listed], contracts: _Contracts) -> int:
    return _write(folder / "全市.xlsx", marts, "全市", [*lists.tables_of(marts, some)], contracts, contracts.city)


def _write(path: Path, marts: Marts, name: str, tables: list[Table], contracts: _Contracts, rows: Rows) -> int:
    tables = [*tables, *(() if contracts.remarks else _worklists(rows)), lists.definitions(marts)]
    write(path, front(marts, name, tables, contracts.remarks), tables)
    return sum(table.count for table in tables)
