"""`run.gate`: one row an expectation, the evaluated year's rows only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import duckdb
import pyarrow as pa

from expectations.checks import Outcome

_TABLE = """
create schema if not exists run;
create table if not exists run.gate (
    year integer, suite varchar, expectation varchar, level varchar, success boolean, observed varchar,
    message_zh varchar, message_en varchar
)"""

_TEXTS = ("suite", "expectation", "level", "observed", "message_zh", "message_en")
_SCHEMA = pa.schema({"year": pa.int32(), "success": pa.bool_(), **dict.fromkeys(_TEXTS, pa.string())})


def replace(con: duckdb.DuckDBPyConnection, year: int, outcomes: Sequence[Outcome]) -> None:
    """Replace the year's rows by these outcomes, in their order; other years stay."""
    table = pa.Table.from_pylist([{"year": year} | asdict(outcome) for outcome in outcomes], _SCHEMA)
    con.execute(_TABLE)
    con.execute("begin")
    con.execute("delete from run.gate where year = ?", [year])
    con.register("gate_outcomes", table)
    con.execute("insert into run.gate by name select * from gate_outcomes")
    con.execute("commit")
    con.unregister("gate_outcomes")
