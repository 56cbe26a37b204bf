"""In which row of which file the figures of a unit were declared: only the working file knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from landgauge.errors import LandgaugeError
from landgauge.settings import Settings
from reporting.marts import Marts, Row
from reporting.opened.read import SHOWN
from warehouse import db

if TYPE_CHECKING:
    import pyarrow as pa

# what a zone or district declares itself, beside what its parcels and enterprises do
_OWN = {"zones": ("zone", "zone_code"), "district_series": ("district", "district_code")}
_KINDS = ("parcel_code", "uscc")
_MANY = "所含宗地和企业过多,其申报行不在本页列出;单个得分用命令 landgauge explain 打开"


@dataclass(frozen=True)
class Sources:
    """Files and rows by unit; or why they cannot be told.

    A row has unit, dataset, file_name, file_sha256, `numbers` (the first SHOWN data rows, with the row of the sheet
    where the file is a workbook), `count`, and `later`: loaded after publication, so not what the score rests on.
    With `missing` there may be rows still: those that an area declares itself.
    """

    rows: dict[str, list[Row]]
    missing: str | None = None


def sources(settings: Settings, marts: Marts, scale: str, members: int | None = None) -> Sources:
    """Return the accepted rows that declare what stands in the temporary table `explained` of the snapshot.

    Where the units have more than `members` parcels and enterprises, these are left out and `missing` says so.
    """
    if not settings.database.is_file():
        return Sources({}, "工作文件 warehouse.duckdb 不在,行号无从得知;文件见 fct_load")
    many = members is not None and marts.count("explained") > members
    units = marts.arrow(
        "select unit_code as unit, 'own' as kind, unit_code as code from picked union "
        f"select unit, kind, code from explained where {'false' if many else 'true'}"
    )
    known = {(r["file_sha256"], r["file_name"]) for r in marts.rows("select file_sha256, file_name from fct_load")}
    try:
        with db.connect(settings, read_only=True) as con:
            rows = _declared(con, scale, settings.year, units)
            places = _places(con)
    except (LandgaugeError, duckdb.Error) as error:
        said = error.message if isinstance(error, LandgaugeError) else type(error).__name__
        return Sources({}, f"工作文件现在读不了,行号无从得知;文件见 fct_load({said})")
    result: dict[str, list[Row]] = {}
    for row in rows:
        row["numbers"] = [_number(n, places.get(row["load_id"], [])) for n in row["numbers"]]
        row["later"] = (row["file_sha256"], row["file_name"]) not in known
        result.setdefault(row["unit"], []).append(row)
    return Sources(result, _MANY if many else None)


def _read(con: duckdb.DuckDBPyConnection, sql: str, values: list[object] | None = None) -> list[Row]:
    cursor = con.execute(sql, values or [])
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _declared(con: duckdb.DuckDBPyConnection, scale: str, year: int, units: pa.Table) -> list[Row]:
    """Return unit, dataset, load_id, file, count and the first numbers of the accepted rows that declare the units."""
    con.register("given", units)
    con.execute("create or replace temp table explained as select * from given")
    con.unregister("given")
    found = []
    for dataset, columns in _datasets(con).items():
        named = _OWN.get(dataset)
        own = [("own", named[1])] if named and named[0] == scale and named[1] in columns else []
        pairs = own or [(kind, kind) for kind in _KINDS if kind in columns]
        if pairs:
            found += _read(con, _rows_of(dataset, pairs), [dataset, year])
    return found


def _rows_of(dataset: str, pairs: list[tuple[str, str]]) -> str:
    """SQL for the rows of a dataset whose columns name what is explained; a row that two columns name counts once."""
    joined = " union ".join(
        f"select e.unit, a.load_id, a.row_no from here as a join explained as e on e.kind = '{kind}' "
        f"and e.code = a.{column}"
        for kind, column in pairs
    )
    return (
        f"with here as (select {', '.join(['load_id', 'row_no', *(column for _, column in pairs)])} "
        f"from accepted.{dataset} where data_year = $2), joined as ({joined}) "
        "select j.unit, $1 as dataset, l.load_id, l.file_name, l.file_sha256, count(*) as count, "
        f"min(j.row_no, {SHOWN}) as numbers from joined as j join ledger.load as l using (load_id) "
        "group by all order by j.unit, l.file_name, l.load_id"
    )


def _datasets(con: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    rows = _read(
        con,
        "select table_name, list(column_name) as columns from information_schema.columns "
        "where table_schema = 'accepted' group by all order by table_name",
    )
    return {row["table_name"]: set(row["columns"]) for row in rows}


def _places(con: duckdb.DuckDBPyConnection) -> dict[int, list[Row]]:
    """Return, by load, the runs of rows of its sheets; nothing for files that are no workbooks."""
    there = _read(con, "select 1 from duckdb_tables() where schema_name = 'ledger' and table_name = 'load_sheet'")
    result: dict[int, list[Row]] = {}
    for row in (
        _read(con, "select load_id, sheet, unnest(runs) as run from ledger.load_sheet order by rowid") if there else []
    ):
        result.setdefault(row["load_id"], []).append({"sheet": row["sheet"], **row["run"]})
    return result


def _number(row: int, places: list[Row]) -> str:
    for run in places:
        if run["row_no"] <= row < run["row_no"] + run["sheet_rows"]:
            return f"{row}(工作表“{run['sheet']}”第 {run['sheet_row'] + row - run['row_no']} 行)"
    return str(row)
