"""Reading the published snapshot: a plain read-only connection that sees one state from opening to closing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from landgauge.errors import StageFailed


@contextmanager
def open_snapshot(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published snapshot read-only; its tables stand in schema `marts`; closed on leaving.

    Raises StageFailed when there is no snapshot, or when it cannot be read.
    """
    if not path.is_file():
        raise StageFailed(f"{path} does not exist: nothing is published", "Run `landgauge publish` first.")
    try:
        con = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise StageFailed(
            f"{path} cannot be read: {error}", "Publish again; the previous snapshots stand beside it."
        ) from error
    try:
        yield con
    finally:
        con.close()
