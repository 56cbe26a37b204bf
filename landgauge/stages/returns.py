"""Back to the declarer: what the ledger and the quarantine know of a year's files, as workbooks with marked cells."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from ingestion.contract import all_contracts
from landgauge.errors import ConfigurationError
from landgauge.settings import Settings, StageResult
from reporting.returns import tree
from reporting.returns.model import BadRow, Finding, Load, Place, Return, RuleCount
from warehouse import db, lock

CHECK_AGAIN = "请对照原始资料核对；有误则改正，无误不必改动。"
_BATCH = 10_000
# Where the warnings of the marts are shown: dataset and column. Others are shown at the unit that they name.
_SHOWN_AT = {
    "qc_parcel_area": ("parcels", "site_area_m2"),
    "qc_footprint_green": ("parcels", "green_area_m2"),
    "qc_occupied_floor_area": ("occupancy", "floor_area_m2"),
    "qc_tax_above_output": ("taxes", "tax_paid_cny10k"),
    "qc_town_unknown": ("parcels", "town_code"),
}
_UNITS = {"parcel_code": "parcels", "uscc": "enterprises", "agreement_no": "agreements", "zone_code": "zones"}


def returns(settings: Settings, target: Path | None = None) -> StageResult:
    """Write the returns of the settings' year to `target` (default `WAREHOUSE/returns/<year>`).

    Rows: workbooks. Raises ConfigurationError where nothing of the year was loaded, WarehouseBusy while another
    process writes the warehouse.
    """
    if not settings.database.is_file():
        raise ConfigurationError(f"nothing is loaded in {settings.warehouse}", "Run `landgauge ingest` first.")
    target = target or settings.warehouse / "returns" / str(settings.year)
    target.parent.mkdir(parents=True, exist_ok=True)
    with lock.writer(settings), db.connect(settings) as con:
        items = _items(con, settings)
        return StageResult(rows={"workbooks": tree.write(items, target)})


def _items(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[Return]:
    """Every file of the year that something is to be said about, in order of name."""
    sql = "select count(*) from ledger.load where data_year = ?"
    if not _has(con, "ledger", "load") or not con.execute(sql, [settings.year]).fetchall()[0][0]:
        raise ConfigurationError(
            f"nothing is loaded for {settings.year}", f"Run `landgauge ingest --year {settings.year}`."
        )
    _gather(con, settings.year)
    generated = bool(con.execute("select bool_or(generated) from profile.setting").fetchall()[0][0])
    loads = con.execute(
        "select load_id, file_sha256, dataset, data_year, file_name, state, reason, rows_in, accepted, quarantined, "
        "superseded from ledger.load semi join returned using (load_id) order by file_name, load_id"
    ).fetchall()
    items = []
    for (name, digest), group in groupby(loads, key=lambda row: (row[4], row[1])):
        items.append(Return(name, settings.files / digest, generated, tuple(_load(con, row) for row in group)))
    return items


def _has(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    sql = "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?"
    return bool(con.execute(sql, [schema, table]).fetchall()[0][0])


def _gather(con: duckdb.DuckDBPyConnection, year: int) -> None:
    """Make the temporary table `returned`: every finding and warning of the year's current loads."""
    con.execute(
        "create temp table current_load as select load_id, dataset from ledger.load "
        f"where data_year = {year} and state in ('loaded', 'rejected')"
    )
    con.execute(
        "create temp table returned as select load_id, row_no, severity, rule_code, column_name, value, message_zh, "
        "next_step, original_row from quarantine.finding semi join current_load using (load_id) "
        f"union all select load_id, row_no, 'warning', rule_code, null, value, message_zh, '{CHECK_AGAIN}', null "
        "from qc.source_finding semi join current_load using (load_id)"
    )
    for (table,) in con.execute(
        "select table_name from duckdb_tables() where schema_name = 'marts' and table_name like 'qc\\_%' escape '\\' "
        "and table_name <> 'qc_source_finding' order by table_name"
    ).fetchall():
        _add_warnings(con, table, year)


def _add_warnings(con: duckdb.DuckDBPyConnection, table: str, year: int) -> None:
    """Add the warnings of one table of the marts, at the accepted rows of the units that they name."""
    columns = {row[0] for row in con.execute(f"describe marts.{table}").fetchall()}
    if not {"message_zh", "year"} <= columns:
        return
    named = next(((unit, dataset) for unit, dataset in _UNITS.items() if unit in columns), None)
    dataset, shown = _SHOWN_AT.get(table, (named[1], named[0]) if named else ("", ""))
    if named is None or dataset not in all_contracts():
        return
    value = "cast(q.detail as varchar)" if "detail" in columns else "null"
    keys = [named[0], *(key for key in (f"other_{named[0]}",) if key in columns)]
    for key in keys:
        con.execute(
            f"insert into returned select a.load_id, a.row_no, 'warning', '{table}', '{shown}', {value}, q.message_zh, "
            f"'{CHECK_AGAIN}', null from marts.{table} as q join accepted.{dataset} as a on q.{key} = a.{named[0]} "
            f"semi join current_load as l on a.load_id = l.load_id where q.year = {year} and a.data_year = {year}"
        )


def _load(con: duckdb.DuckDBPyConnection, row: tuple[Any, ...]) -> Load:
    load_id, _, dataset, data_year, _, state, reason, *counts = row
    contract = all_contracts().get(dataset)
    rules = con.execute(
        "select rule_code, severity, message_zh, count(*) from returned where load_id = ? group by all "
        "order by severity, rule_code, message_zh",
        [load_id],
    ).fetchall()
    return Load(
        dataset, contract.name_zh if contract else dataset, data_year, state == "rejected", *counts,
        rules=tuple(RuleCount(*rule) for rule in rules),
        places=_places(con, load_id),
        headers=_headers(con, load_id),
        rows=_rows(con, load_id, dataset),
        reason=reason or "",
    )  # fmt: skip


def _places(con: duckdb.DuckDBPyConnection, load_id: int) -> tuple[Place, ...]:
    if not _has(con, "ledger", "load_sheet"):  # a warehouse that was last written before the table was there
        return ()
    found = con.execute(
        "select sheet, headers, columns, runs from ledger.load_sheet where load_id = ? order by rowid", [load_id]
    ).fetchall()
    return tuple(
        Place(sheet, tuple(headers), tuple(columns), tuple(tuple(run.values()) for run in runs))
        for sheet, headers, columns, runs in found
    )


def _headers(con: duckdb.DuckDBPyConnection, load_id: int) -> tuple[str, ...]:
    """The headers of all rows as they came; rows with surplus cells, or of another sheet, may have more."""
    found = con.execute(
        "select json_keys(original_row) as keys from returned where load_id = ? and row_no > 0 "
        "and json_valid(original_row) group by 1 order by min(row_no)",
        [load_id],
    ).fetchall()
    return tuple(dict.fromkeys(key for (keys,) in found for key in keys or ()))


def _rows(con: duckdb.DuckDBPyConnection, load_id: int, dataset: str) -> Callable[[], Iterator[BadRow]]:
    uses = con.execute(
        "select column_name, source_column from ledger.load_column where load_id = ? order by rowid", [load_id]
    ).fetchall()
    uses = list(dict.fromkeys(uses))  # once a sheet
    headers: dict[str, list[str]] = {}
    for name, header in uses:
        headers.setdefault(name or "", []).append(header)
    sources = tuple(dict.fromkeys(header for _, header in uses))
    names = {c.name: c.header_zh for c in all_contracts()[dataset].columns} if dataset in all_contracts() else {}

    def finding(row: tuple[Any, ...]) -> Finding:
        severity, rule, column, value, message, step = row[1:7]
        parts = (column or "").split("+") if column else []
        own = tuple(header for part in parts for header in headers.get(part, ()))
        if column is None and severity == "warning" and value:  # the profile's own check lists what it looked at
            own = tuple(header for header in sources if header and f"{header}=" in value)
        shown = "、".join(names.get(part, part) for part in parts) or "、".join(own)
        return Finding(rule, severity, shown, own, value, message or "", step or "")

    def read() -> Iterator[BadRow]:
        for row_no, group in groupby(_fetch(con, load_id), key=lambda row: row[0]):
            rows = list(group)
            original = next((row[7] for row in rows if row[7]), None)
            yield BadRow(row_no, tuple(finding(row) for row in rows), _cells(original))

    return read


def _fetch(con: duckdb.DuckDBPyConnection, load_id: int) -> Iterator[tuple[Any, ...]]:
    found = con.execute(
        "select row_no, severity, rule_code, column_name, value, message_zh, next_step, original_row from returned "
        "where load_id = ? order by row_no, severity, rule_code, column_name, value, message_zh",
        [load_id],
    )
    while batch := found.fetchmany(_BATCH):
        yield from batch


def _cells(original: str | None) -> dict[str, str | None]:
    """The row as it came, by header; surplus cells as the JSON list that they are."""
    try:
        row = json.loads(original) if original else {}
    except ValueError:
        return {}
    return {
        key: value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in row.items()
    }
