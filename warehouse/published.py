"""Reading the published snapshot: a plain read-only connection that sees one state from opening to closing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from landgauge.errors import StageFailed

_STANDING = """
select year, run_id, state, coalesce(approved_by, '') from marts.fct_run
qualify row_number() over (partition by year order by published_at desc, finished_at desc, state, run_id) = 1
order by year"""
Publications = Mapping[int, tuple[str, str, str]]  # of each year the newest: run, state, who approved it


def standing(snapshot: Path) -> Publications:
    """Return which run of each year stands in a snapshot, in which state; nothing where there is no snapshot."""
    if not snapshot.is_file():
        return {}
    with open_snapshot(snapshot) as con:
        return {year: (run, state, by) for year, run, state, by in con.execute(_STANDING).fetchall()}


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
