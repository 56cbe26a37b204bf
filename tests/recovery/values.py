"""What a warehouse holds, as a digest a table: equal digests are equal rows, but for the documented times."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from tests import same_marts

Values = dict[str, str]
TIMES: Mapping[str, tuple[str, ...]] = {f"marts.{name}": columns for name, columns in same_marts.TIMES.items()} | {
    "ledger.load": ("loaded_at", "recorded_at", "superseded_at"),
    "run.manifest": ("started_at",),
}
_WORKING = ("accepted", "carried", "forecasted", "ledger", "marts", "profile", "qc", "quarantine", "raw", "scored")
_RUN = ("run.gate", "run.manifest")  # the others of that schema say when and how long
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?")


def of_warehouse(warehouse: Path) -> Values:
    """Every published and every working table, the Parquet files and the pages of a warehouse."""
    published = warehouse / "published"
    found = {f"snapshot {n}": v for n, v in of_snapshot(published / "current.duckdb").items()}
    found |= {f"parquet {n}": v for n, v in of_parquet(published / "parquet").items()}
    found |= {f"working {n}": v for n, v in of_working(warehouse / "warehouse.duckdb").items()}
    return found | {f"page {n}": v for n, v in of_pages(published).items()}


def of_snapshot(path: Path) -> Values:
    """The published tables."""
    with duckdb.connect(str(path), read_only=True, config={"threads": 1}) as con:
        return {name: _digest(con, name, name) for name in _tables(con) if name.startswith("marts.")}


def of_parquet(folder: Path) -> Values:
    """The Parquet files, by table; `folder` is resolved once, so that all are of one state."""
    folder = folder.resolve()
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute("set enable_geoparquet_conversion = false")
        return {
            f"{table.name}/{path.stem}": _digest(con, f"read_parquet('{path}')", f"marts.{table.name}")
            for table in sorted(folder.iterdir())
            for path in sorted(table.glob("*.parquet"))
        }


def of_working(path: Path) -> Values:
    """The tables of the working file on which results rest."""
    from warehouse.db import extensions

    with duckdb.connect(str(path), read_only=True, config={"threads": 1, "allow_unsigned_extensions": "true"}) as con:
        extensions(con)
        return {
            name: _digest(con, name, name) for name in _tables(con) if name.split(".")[0] in _WORKING or name in _RUN
        }


def of_pages(published: Path) -> Values:
    """The pages without the times in them."""
    return {
        str(path.relative_to(published)): hashlib.sha256(_MOMENT.sub(b"", path.read_bytes())).hexdigest()[:16]
        for path in sorted(published.rglob("*.html"))
        if "kept" not in path.parts
    }


def _tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables, and the views through which later stages read what was accepted."""
    sql = (
        "select schema_name || '.' || table_name from duckdb_tables() union all "
        "select schema_name || '.' || view_name from duckdb_views() where schema_name in ('accepted', 'marts') "
        "order by all"
    )
    return [name for (name,) in con.execute(sql).fetchall()]


def _digest(con: duckdb.DuckDBPyConnection, source: str, name: str) -> str:
    """Row count and sum of the rows' hashes: the same for the same rows in any order."""
    left_out = TIMES.get(name)
    columns = f"* exclude ({', '.join(left_out)})" if left_out else "*"
    sql = f"select count(*), coalesce(sum(hash(t)), 0) from (select {columns} from {source}) as t"
    return " ".join(str(value) for value in con.execute(sql).fetchone())


def differences(expected: Values, found: Values) -> list[str]:
    """Names of tables, files and pages of which the two differ."""
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
