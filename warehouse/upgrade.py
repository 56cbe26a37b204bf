"""The version of a working file: an older one is brought up to date when it is opened, a newer one is refused.

What a program takes over as it is (a column more in a contract, a table more of a stage) needs no step here:
ingestion adds it, and the stages write their tables anew. A step is for what would be lost or misread.
"""

from __future__ import annotations

import duckdb

from landgauge.errors import StageFailed

VERSION = 1
TABLE = "run.warehouse_version"
# For each version what makes a file of the version before one of it: statements by the table that they are about, left
# out where it is not there. Files before version 1 have no mark, and may be of any age.
_STEPS: dict[int, dict[str, tuple[str, ...]]] = {
    1: {
        "ledger.load": (
            "alter table ledger.load add column if not exists recorded_at timestamp",
            "alter table ledger.load add column if not exists superseded_at timestamp",
            "alter table ledger.load add column if not exists former_state varchar",
            # a load became known when it was loaded; the state in which it was superseded then is not known
            "update ledger.load set recorded_at = loaded_at where recorded_at is null",
            "update ledger.load set superseded_at = later.recorded_at from ledger.load as later "
            "where load.superseded_by = later.load_id and load.superseded_at is null",
        ),
        "run.manifest": (
            "alter table run.manifest add column if not exists profile_json varchar",
            "alter table run.manifest add column if not exists mapping_json varchar",
        ),
    },
}


def prepare(con: duckdb.DuckDBPyConnection, read_only: bool = False) -> None:
    """Bring an open working file up to this version, in one transaction; one that is only read stays as it is.

    A run that is killed meanwhile leaves the file as it was. Raises StageFailed where a newer version wrote it.
    """
    found = version(con)
    refuse_newer(found)
    if read_only or found == VERSION:
        return
    there = set(con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall())
    con.execute("begin")
    for number in range(found + 1, VERSION + 1):
        for table, statements in _STEPS[number].items():
            for statement in statements if (table,) in there else ():
                con.execute(statement)
    con.execute("create schema if not exists run")
    con.execute(f"create or replace table {TABLE} as select {VERSION}::integer as version")
    con.execute("commit")


def version(con: duckdb.DuckDBPyConnection, database: str = "") -> int:
    """Return the version of a working file, the connection's own or an attached one; 0 where it has no mark."""
    try:
        rows = con.execute(f"select version from {f'{database}.' if database else ''}{TABLE}").fetchall()
    except duckdb.CatalogException:
        return 0
    return int(rows[0][0])


def refuse_newer(found: int) -> None:
    """Raise StageFailed for a version that this program does not know."""
    if found > VERSION:
        raise StageFailed(
            f"the working file was written by a newer version of Landgauge (its format is {found}, this one knows "
            f"formats up to {VERSION})",
            "Use that version, or restore the backup from before the upgrade (docs/runbooks/upgrading.md).",
        )
