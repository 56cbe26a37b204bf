"""What the tables of the working file were made from, as digests: equal digests, equal rows.

A dataset's digest names the loads in force, the rows that resolution took out and those that were corrected; that of a
table of scores or forecasts names what these were made from; that of any other table is taken of its rows. A model's
is that of what it reads, all the way down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import duckdb

ACCEPTED = "accepted"
_RAW = "raw"
_PARTS = {"scored": "score", "forecasted": "forecast"}  # schemas that the Python part of a stage writes whole
_LOADS = """
select dataset, load_id, file_sha256, data_year, rules_sha256 from ledger.load where state = 'loaded'
order by dataset, load_id"""
_TAKEN_OUT = """
select dataset, count(*), sum(hash(load_id, row_no)) from quarantine.finding
where origin = 'resolve' and severity = 'error' group by dataset order by dataset"""


def digest(parts: Iterable[object]) -> str:
    """Return a digest of the parts, told apart from each other, in order."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(str(part).encode("utf-8", "surrogateescape")).digest())
    return whole.hexdigest()[:32]


def of_tables(con: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the digest of each table or view (schema, name) as `schema.name`; of one that is not there, a fixed one.

    Rows count, their order does not.
    """
    schemas = {schema for schema, _ in tables}
    there = set(
        con.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_catalog = current_database() and list_contains(?, table_schema)",
            [sorted(schemas | {_RAW})],
        ).fetchall()
    )
    ingested = {name for schema, name in tables if schema == ACCEPTED and (_RAW, f"corrected_{name}") in there}
    datasets = _datasets(con) if ingested else {}
    made_from = _parts(con) if schemas & set(_PARTS) else {}
    return {
        f"{schema}.{name}": _of_table(con, schema, name, datasets if name in ingested else None, made_from.get(schema))
        if (schema, name) in there
        else "absent"
        for schema, name in tables
    }


def _of_table(
    con: duckdb.DuckDBPyConnection,
    schema: str,
    name: str,
    datasets: Mapping[str, list[object]] | None,
    made_from: str | None,
) -> str:
    if made_from is not None:
        return digest([name, made_from])
    if schema != ACCEPTED or datasets is None:
        return digest(_rows(con, f'{schema}."{name}"'))
    return digest([*datasets.get(name, []), *_rows(con, f'raw."corrected_{name}"')])


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> tuple[object, ...]:
    columns = con.execute(f"describe {table}").fetchall()
    shape = ", ".join(f"{row[0]} {row[1]}" for row in columns)
    counted = con.execute(f"select count(*), sum(hash(t)) from {table} as t").fetchone()
    return (shape, *(counted or ()))


def _datasets(con: duckdb.DuckDBPyConnection) -> dict[str, list[object]]:
    """What decides the rows of each dataset but for corrections."""
    found: dict[str, list[object]] = {}
    for query in (_LOADS, _TAKEN_OUT):
        for dataset, *rest in con.execute(query).fetchall():
            found.setdefault(dataset, []).append(tuple(rest))
    return found


def _parts(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """From what the tables of each schema of `_PARTS` were made, where that is known."""
    try:
        known = dict(con.execute("select part, fingerprint from run.part where fingerprint is not null").fetchall())
    except duckdb.CatalogException:
        return {}
    return {schema: known[part] for schema, part in _PARTS.items() if part in known}
