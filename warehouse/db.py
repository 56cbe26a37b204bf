"""Connections to the working file, and Arrow in and out of it."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from landgauge.errors import StageFailed, WarehouseBusy
from landgauge.settings import Settings, threads_available
from landgauge.sql import literal
from warehouse import upgrade

if TYPE_CHECKING:
    import pyarrow as pa

# Nobody else opens the working file, so it need not be readable by older engines: text is written a quarter faster.
_NEWEST_STORAGE = "latest"
_LOOKED_AT_S = 3.0  # `status`, `doctor` and `explain` have it open for a moment
EXTENSIONS = Path(sys.prefix) / "share" / "landgauge" / "duckdb"


def install_extensions(target: Path = EXTENSIONS, name: str = "spatial") -> Path:
    """Install an extension of DuckDB from its Python package, without a network, and return the directory."""
    root = Path(str(importlib.import_module(f"duckdb_extension_{name}").__file__)).parent
    source = root / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not source.is_file():
        package = f"duckdb-extension-{name.replace('_', '-')}"
        raise StageFailed(f"{package} does not fit duckdb {duckdb.__version__}", "Install both from requirements.lock.")
    if not list(target.glob(f"v{duckdb.__version__}/*/{name}.duckdb_extension")):
        target.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(":memory:", config={"extension_directory": str(target)}) as con:
            con.execute(f"install {literal(source)}")
    return target


def extensions(con: duckdb.DuckDBPyConnection, name: str = "spatial") -> None:
    """Load an extension into a connection: `spatial`, or `postgres_scanner` where tables of PostgreSQL are read."""
    con.execute(f"set extension_directory = {literal(install_extensions(name=name))}")
    con.execute(f"load {name}")


def config(settings: Settings) -> dict[str, str | int]:
    """Return what every connection of a run is opened with; dbt's profile uses the same values."""
    values: dict[str, str | int] = {
        "threads": settings.threads or threads_available(),
        # signatures are checked once, when an extension is installed: at every load that costs 0.4 s of CPU
        "allow_unsigned_extensions": "true",
    }
    if settings.memory_limit:
        values["memory_limit"] = settings.memory_limit
    return values


@contextmanager
def connect(settings: Settings, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the working file with the spatial extension loaded; closed on leaving.

    A process that only looks at it is waited for. Raises WarehouseBusy when another process keeps it open, StageFailed
    when it is damaged or the disk is full.
    """
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    try:
        con = _patiently_opened(settings, read_only)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise WarehouseBusy(
                f"{settings.database} is open elsewhere: {error}", "Wait for that run, or end it."
            ) from error
        raise StageFailed(
            f"{settings.database} cannot be opened: {error}", "Look at the disk and the rights of the folder."
        ) from error
    try:
        upgrade.prepare(con, read_only)
        con.execute("set preserve_insertion_order = true")
        extensions(con)
        yield con
    finally:
        con.close()


def _patiently_opened(settings: Settings, read_only: bool) -> duckdb.DuckDBPyConnection:
    options = config(settings) | {"storage_compatibility_version": _NEWEST_STORAGE}
    end = time.monotonic() + _LOOKED_AT_S
    while True:
        try:
            return duckdb.connect(str(settings.database), read_only=read_only, config=options)
        except duckdb.IOException as error:
            if "lock" not in str(error).lower() or time.monotonic() > end:
                raise
        time.sleep(0.05)


def read_arrow(settings: Settings, sql: str) -> pa.Table:
    """Return the rows of a query on the working file as one Arrow table."""
    with connect(settings) as con:
        return con.execute(sql).to_arrow_table()


def put_tables(con: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> None:
    """Replace tables `schema.name` of the working file that is open."""
    for name, table in tables.items():
        con.register("incoming", table)
        con.execute(f"create schema if not exists {name.split('.', 1)[0]}")
        con.execute(f"create or replace table {name} as select * from incoming")
        con.unregister("incoming")


def process_label() -> str:
    """Return who a lock belongs to: process id and command."""
    return f"pid {os.getpid()} ({Path(sys.argv[0]).name} {' '.join(sys.argv[1:3])})"
