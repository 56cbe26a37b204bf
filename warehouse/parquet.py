"""The published tables as Parquet: `<table>/<year>.parquet`, or `<table>/all.parquet`; equal rows give equal bytes.

A table whose column `geometry` has a reference system in its comment is written as GeoParquet 1.0 (geoparquet.org):
WKB in a plain BYTE_ARRAY as in the snapshot, with types, extent and reference system in the file's metadata.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyproj

from landgauge.sql import literal


@dataclass(frozen=True)
class Part:
    """One file: a published table or view, all its rows or those of a partition, and the order of its rows.

    `in_order`: they are stored in this order.
    """

    table: str
    order: tuple[str, ...]
    name: str = "all"
    where: str = ""
    in_order: bool = False

    @property
    def file(self) -> str:
        """Its path below the Parquet folder."""
        return f"{self.table}/{self.name}.parquet"


def write(con: duckdb.DuckDBPyConnection, folder: Path, parts: Iterable[Part]) -> None:
    """Write the parts below the folder; the connection has the snapshot and the spatial extension.

    DuckDB writes rows that it need not sort as they stand, and in the same row groups.
    """
    systems = _reference_systems(con)
    for part in parts:
        path = folder / part.file
        path.parent.mkdir(parents=True, exist_ok=True)
        columns, options = "*", ""
        if system := systems.get(part.table):
            columns, options = _as_map(con, part, system)
        sort = "" if part.in_order else f" order by {', '.join(part.order)}"
        rows = f"select {columns} from marts.{part.table} {part.where}{sort}"
        target = literal(str(path))
        con.execute(f"copy ({rows}) to {target} (format parquet, compression zstd{options})")


def _as_map(con: duckdb.DuckDBPyConnection, part: Part, system: str) -> tuple[str, str]:
    """The columns and options by which DuckDB writes GeoParquet; without any geometry it writes no metadata itself."""
    if con.execute(f"select count(geometry) from marts.{part.table} {part.where}").fetchone() != (0,):
        geometry = f"st_setcrs(st_geomfromwkb(geometry), {literal(system)})"
        return f"* replace ({geometry} as geometry)", ", geoparquet_version 'V1'"
    column = {"encoding": "WKB", "geometry_types": [], "crs": pyproj.CRS.from_user_input(system).to_json_dict()}
    geo = json.dumps({"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}})
    return "*", f", kv_metadata {{geo: {literal(geo)}}}"


def _reference_systems(con: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
    """Tables with a geometry and the reference system that its comment names, such as EPSG:4490."""
    found = con.execute(
        "select table_name, comment from duckdb_columns() where database_name = current_database() "
        "and schema_name = 'marts' and column_name = 'geometry' and data_type = 'BLOB' and comment is not null"
    ).fetchall()
    named = {table: re.search(r"\bEPSG:\d+", comment) for table, comment in found}
    return {table: match[0] for table, match in named.items() if match}
