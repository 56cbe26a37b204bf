"""The files of a generated city read by a bare script: DuckDB for csv, Parquet and layers, calamine for workbooks.

The script does not judge rows: those that are refused are known beforehand (truth.json) and left out, which is less
work than any rule. Headers and types are the contracts'.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pyarrow as pa
from python_calamine import CalamineWorkbook

from ingestion import contract, units
from ingestion.contract import Column, Contract
from landgauge.sql import literal

DATASETS = ("parcels", "buildings", "enterprises", "occupancy", "operations", "taxes", "energy", "emissions", "zones")
_SURPLUS = "surplus"
_NUMBERS = "load_id bigint, row_no bigint, data_year integer default {year}"
_FULL, _HALF = "０１２３４５６７８９．，＋－／：　", "0123456789.,+-/: "
_NUMERIC = ("DOUBLE", "FLOAT", "INTEGER", "BIGINT", "UINTEGER", "SMALLINT", "DECIMAL", "HUGEINT")
_MACROS = f"""
create or replace temp macro plain(s) as trim(translate(s, '{_FULL}', '{_HALF}'));
create or replace temp macro said(s) as
    case when plain(s) in ('', '-', '--', '/', '无', 'NA', 'N/A', 'null') then null else plain(s) end;
create or replace temp macro number(s) as try_cast(replace(said(s), ',', '') as double);
create or replace temp macro day(s) as
    try_cast(regexp_replace(said(s), '^(\\d{{4}})\\D*(\\d{{1,2}})\\D*(\\d{{1,2}})\\D*$', '\\1-\\2-\\3') as date);
"""


def prepare(con: duckdb.DuckDBPyConnection, landing: Path) -> None:
    """Make the macros and the table of the rows that are left out."""
    con.execute(_MACROS)
    truth = json.loads((landing / "truth.json").read_text(encoding="utf-8"))
    refused = [f for f in truth["defects"] if f["severity"] == "error"]
    con.register(
        "listed",
        pa.table({key: [f[key] for f in refused] for key in ("file_name", "row_no")})
        if refused
        else pa.table({"file_name": pa.array([], pa.string()), "row_no": pa.array([], pa.int64())}),
    )
    con.execute("create or replace temp table refused as select distinct * from listed")


def read(con: duckdb.DuckDBPyConnection, landing: Path, dataset: str, year: int, work: Path) -> None:
    """Make the table `work.accepted.<dataset>` of all files of the year."""
    own = contract.load(dataset)
    declared = ", ".join(f'"{column.name}" {_SQL_TYPES.get(column.type, "varchar")}' for column in own.columns)
    target = f"work.accepted.{dataset}"
    con.execute(f"create or replace table {target} ({_NUMBERS.format(year=year)}, {declared})")
    for path in sorted((landing / dataset / str(year)).iterdir()):
        source = _source(con, path, work)
        columns = ", ".join(_columns(con, own, source))
        known = path.relative_to(landing).as_posix()
        con.execute(
            f"insert into {target} by name select row_no, {columns} from {source} "
            f"where row_no not in (select row_no from refused where file_name = '{known}')"
        )


def correct(con: duckdb.DuckDBPyConnection, landing: Path, year: int, work: Path) -> None:
    """Put the corrected figures of enterprises in the place of those declared."""
    if not (landing / "corrections" / str(year)).is_dir():
        return
    read(con, landing, "corrections", year, work)
    con.execute(
        'create or replace temp table correction as select dataset, "column" as name, new_value, '
        f"json_extract_string(key_json, '$.uscc') as uscc from work.accepted.corrections where year = {year}"
    )
    for dataset, name in con.execute("select distinct dataset, name from correction order by all").fetchall():
        con.execute(
            f"update work.accepted.{dataset} as t set {name} = number(c.new_value) from correction as c "
            f"where c.dataset = '{dataset}' and c.name = '{name}' and c.uscc = t.uscc"
        )


_SQL_TYPES = {"number": "double", "year": "integer", "date": "date", "flag": "boolean", "geometry": "blob"}


def _source(con: duckdb.DuckDBPyConnection, path: Path, work: Path) -> str:
    """Return a relation with the file's columns and row_no."""
    if path.suffix == ".parquet":
        return f"(select *, file_row_number + 1 as row_no from read_parquet('{path}', file_row_number = true))"
    if path.suffix == ".gpkg":
        return f"(select *, row_number() over () as row_no from st_read('{path}'))"
    if path.suffix == ".csv":
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("gb18030")
        work.write_text(text, encoding="utf-8", newline="")
        headers = next(csv.reader(text.splitlines()[:1]))
        columns = ", ".join(f"{literal(name)}: 'varchar'" for name in (*headers, _SURPLUS))  # a defect: a cell too many
        form = """auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', null_padding = true"""
        given = f"read_csv('{work}', {form}, columns = {{{columns}}})"
        return f"(select * exclude ({_SURPLUS}), row_number() over () as row_no from {given})"
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    texts = [[None if cell == "" else _text(cell) for cell in row] for row in rows[1:]]
    names = [str(header) for header in rows[0]]
    con.register("sheet", pa.table([pa.array(c, pa.string()) for c in zip(*texts, strict=True)], names=names))
    return "(select *, row_number() over () as row_no from sheet)"


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def _columns(con: duckdb.DuckDBPyConnection, own: Contract, source: str) -> list[str]:
    found = []
    for header, kind, *_ in con.execute(f"describe select * from {source}").fetchall():
        if header in ("geom", "geometry"):
            found.append(f"{_wkb(con, header, source)} as geometry")
            continue
        name, unit = own.resolve_header(header)
        if name is not None:
            found.append(f'{_typed(own.column(name), header, kind, unit)} as "{name}"')
    return found


def _typed(column: Column, header: str, kind: str, unit: str | None) -> str:
    given = '"' + header.replace('"', '""') + '"'
    if column.type == "number":
        value = f"cast({given} as double)" if kind.startswith(_NUMERIC) else f"number({given})"
        factor = units.factor(unit, column.unit) if unit and column.unit else 1.0
        return value if factor in (None, 1.0) else f"{value} * {factor!r}"
    if column.type == "year":
        return f"cast(number(cast({given} as varchar)) as integer)"
    if column.type == "date":
        return given if kind == "DATE" else f"day(cast({given} as varchar))"
    if column.type == "flag":
        return given if kind == "BOOLEAN" else f"said({given}) = '是'"
    return f"said(cast({given} as varchar))"


def _wkb(con: duckdb.DuckDBPyConnection, name: str, source: str) -> str:
    """Degrees as they are, metres from the city's projection."""
    east = con.execute(f"select max(st_xmax({name})) from {source}").fetchall()[0][0]
    shape = name if east < 360 else f"st_transform({name}, 'EPSG:4547', 'EPSG:4490', always_xy := true)"
    return f"cast(st_aswkb({shape}) as blob)"
