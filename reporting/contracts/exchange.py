"""Exchange with the city's shared platform: what it takes, and what comes in again the same way.

`landing/<dataset>/<year>/exchange.csv` has the layout of the input contract and can be loaded again; `results/` holds
the outcome as CSV and JSON with equal rows; `schema.json` (JSON Schema) says what each column is.
CSV: UTF-8, a comma between fields, fields quoted where needed, line feed; nothing between commas is NULL, `""` an empty
text. Dates are ISO, numbers as short as they are exact. Equal warehouses give equal bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from landgauge.errors import ConfigurationError
from landgauge.settings import Settings, StageResult, year_end
from landgauge.sql import literal
from reporting.contracts.folder import replaced
from warehouse import db, lock
from warehouse.published import open_snapshot

_SIGN = ".landgauge-exchange"
DATASETS = ("agreements", "agreement_targets", "agreement_events", "verdicts", "self_reports", "admission_controls")
# file: table and order of its rows
RESULTS = {
    "stage_results": ("fct_stage_result", "agreement_no, stage, evaluation_year"),
    "consequences": ("fct_consequence", "agreement_no, consequence_code, arises_date"),
    "credit_list": ("fct_credit", "uscc, listed_date"),
}
_ASIDE = ("data_year", "load_id", "row_no")
_JSON_TYPES: dict[str, dict[str, Any]] = {
    "VARCHAR": {"type": ["string", "null"]},
    "DATE": {"type": ["string", "null"], "format": "date"},
    "DOUBLE": {"type": ["number", "null"]},
    "INTEGER": {"type": ["integer", "null"]},
    "BIGINT": {"type": ["integer", "null"]},
    "BOOLEAN": {"type": ["boolean", "null"]},
}


def export(warehouse: Path, target: Path) -> StageResult:
    """Write the exchange files to `target`, an empty or a new folder, or one that an earlier export wrote.

    Declarations come from the working file as they were accepted, results from the published marts.
    Raises ConfigurationError where nothing is loaded or the folder holds other files, StageFailed where nothing is
    published, WarehouseBusy while another process writes.
    """
    settings = Settings(warehouse, 0, year_end(1))
    if not settings.database.is_file():
        raise ConfigurationError(f"nothing is loaded in {warehouse}", "Run `landgauge evaluate` first.")
    with replaced(target, _SIGN) as building:
        with lock.writer(settings), db.connect(settings) as con:
            counts = [count for name in DATASETS for count in _declarations(con, name, building / "landing")]
        with open_snapshot(settings.snapshot) as con:
            schema, results = _results(con, building / "results")
        text = json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True)
        (building / "schema.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    return StageResult(rows={"files": len(counts) + 2 * len(results) + 1, "rows": sum(counts) + sum(results)})


def _declarations(con: duckdb.DuckDBPyConnection, dataset: str, folder: Path) -> list[int]:
    """Write the accepted rows of a dataset, a file a year; return their numbers of rows."""
    if not _has(con, "accepted", dataset):
        return []
    columns = _columns(con, f"accepted.{dataset}")
    picked = ", ".join(_declared(name, kind) for name, kind in columns.items() if name not in _ASIDE)
    years = con.execute(f"select distinct data_year from accepted.{dataset} order by 1").fetchall()
    counts = []
    for (year,) in years:
        path = folder / dataset / str(year) / "exchange.csv"
        path.parent.mkdir(parents=True)
        rows = f"select {picked} from accepted.{dataset} where data_year = {year} order by load_id, row_no"
        counts.append(_write(con, rows, path, "format csv, header"))
    return counts


def _declared(name: str, kind: str) -> str:
    """A column as the input contract writes it: flags in Chinese."""
    return f"case {name} when true then '是' when false then '否' end as {name}" if kind == "BOOLEAN" else name


def _results(con: duckdb.DuckDBPyConnection, folder: Path) -> tuple[dict[str, Any], list[int]]:
    folder.mkdir()
    con.execute("set threads = 1")
    definitions: dict[str, Any] = {}
    counts = []
    for name, (table, order) in RESULTS.items():
        if not _has(con, "marts", table):
            continue
        kinds = _columns(con, f"marts.{table}")
        rows = f"select * exclude (run_id) from marts.{table} order by {order}"
        counts.append(_write(con, rows, folder / f"{name}.csv", "format csv, header"))
        _write(con, rows, folder / f"{name}.json", "format json, array true")
        definitions[name] = _definition(con, table, {k: v for k, v in kinds.items() if k != "run_id"})
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": definitions}
    return schema | {"description": _generated(con)}, counts


def _generated(con: duckdb.DuckDBPyConnection) -> str:
    found = con.execute("select bool_or(generated) from marts.fct_run").fetchall()[0][0]
    return "生成数据（示例） Generated data." if found else "产业用地履约交换文件 Contract exchange files."


def _definition(con: duckdb.DuckDBPyConnection, table: str, kinds: dict[str, str]) -> dict[str, Any]:
    """The schema of a file: an array of objects; descriptions are the comments of the marts."""
    comments = dict(
        con.execute(
            "select column_name, comment from duckdb_columns() where schema_name = 'marts' and table_name = ?", [table]
        ).fetchall()
    )
    properties = {
        name: _JSON_TYPES.get(kind, {}) | ({"description": comments[name]} if comments.get(name) else {})
        for name, kind in kinds.items()
    }
    item = {"type": "object", "properties": properties, "required": list(kinds), "additionalProperties": False}
    return {"type": "array", "items": item}


def _write(con: duckdb.DuckDBPyConnection, rows: str, path: Path, form: str) -> int:
    count = con.execute(f"copy ({rows}) to {literal(path)} ({form})").fetchall()[0][0]
    if count == 0 and path.suffix == ".json":
        path.write_text("[]\n", encoding="utf-8")
    return count


def _has(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    sql = "select count(*) from information_schema.tables where table_schema = ? and table_name = ?"
    return bool(con.execute(sql, [schema, table]).fetchall()[0][0])


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"describe {table}").fetchall()}
