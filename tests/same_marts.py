"""Two published warehouses held against each other, table by table and value by value."""

from __future__ import annotations

from pathlib import Path

import duckdb

TIMES = {"fct_run": ("started_at", "finished_at", "published_at"), "fct_load": ("loaded_at",)}
"""The columns that name the moment of a run: the only ones that may differ between equal runs."""


def different_tables(left: Path, right: Path) -> dict[str, int]:
    """Return for each table of schema `marts` how many rows only one of two DuckDB files has, duplicates counted.

    Tables that agree are left out; one that stands on one side only counts as -1.
    """
    with duckdb.connect() as con:
        for side, path in (("a", left), ("b", right)):
            con.execute(f"attach '{path}' as {side} (read_only)")
        tables = [_tables(con, side) for side in ("a", "b")]
        assert len(tables[0] & tables[1]) > 15, f"{left} and {right} hold no marts to compare"
        found = dict.fromkeys(sorted(tables[0] ^ tables[1]), -1)
        found |= {table: _differences(con, table) for table in sorted(tables[0] & tables[1])}
    return {table: rows for table, rows in found.items() if rows}


def _tables(con: duckdb.DuckDBPyConnection, database: str) -> set[str]:
    sql = "select table_name from duckdb_tables() where database_name = ? and schema_name = 'marts'"
    return {name for (name,) in con.execute(sql, [database]).fetchall()}


def _differences(con: duckdb.DuckDBPyConnection, table: str) -> int:
    times = TIMES.get(table, ())
    columns = f"* exclude ({', '.join(times)})" if times else "*"
    sides = [f"select {columns} from {side}.marts.{table}" for side in ("a", "b")]
    # row by row only where a digest does not tell that they are the same: tables may have hundreds of millions of rows
    digests = [con.execute(f"select count(*), sum(hash(row)) from ({side}) as row").fetchone() for side in sides]
    if digests[0] == digests[1]:
        return 0
    both = [f"(({a}) except all ({b}))" for a, b in (sides, sides[::-1])]
    return con.execute(f"select count(*) from ({' union all '.join(both)})").fetchone()[0]
