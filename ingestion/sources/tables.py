"""Tables and queries of PostgreSQL as Parquet files: the same rows give the same bytes, in bounded memory."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.sources.connections import Connection
from ingestion.sources.declared import TablesSource
from ingestion.sources.trouble import CONNECT_S, READ_S, Refused, Steady
from landgauge import log
from landgauge.settings import Settings
from landgauge.sql import identifier, literal
from warehouse import db

_LOG = log.get("sources")
_ROW_GROUP = 122_880  # rows: DuckDB's own size of a row group
_STATEMENT_S = 3600  # a query that works longer than this is stopped by the server
_AS_THEY_ARE = ("BOOLEAN", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "VARCHAR", "DATE", "TIMESTAMP", "BLOB")
_PASSING = (
    "connection refused", "could not connect", "could not receive", "could not send", "could not translate",
    "connection reset", "connection timed out", "closed the connection", "connection to server was lost",
    "eof detected", "is starting up", "is shutting down", "no route to host", "network is unreachable",
    "terminating connection", "timeout expired", "too many clients", "lost synchronization", "ssl syscall",
    "unexpected eof", "broken pipe",
)  # fmt: skip
_PASSED_ON = ("application_name", "connect_timeout", "options", "sslcert", "sslkey", "sslmode", "sslrootcert")
_NEXT = "Correct the table, the query or the connection's user and rights, then repeat the command."


class _Database:
    """A DuckDB of its own in memory with the database attached read-only; it spills to disk, beside the result."""

    def __init__(self, known: Connection, settings: Settings, work: Path) -> None:
        config = {**db.config(settings), "temp_directory": str(work / "spill")}
        self.con = duckdb.connect(":memory:", config=config)
        try:
            db.extensions(self.con, "postgres_scanner")
            self.con.execute("set TimeZone = 'UTC'")
            with _told():
                self.con.execute(_secret(known))
                self.con.execute(f"attach {literal(_dsn(known))} as source (type postgres, secret login, read_only)")
        except BaseException:
            self.con.close()
            raise

    def close(self) -> None:
        self.con.close()


def bring(source: TablesSource, known: Connection, settings: Settings, folder: Path) -> dict[str, Path]:
    """Write every table and query of a database as a Parquet file into `folder`; return the files by landing name.

    Rows are ordered by all columns, NULLs last, and written in row groups of one size, so that unchanged tables give
    unchanged bytes. Each file is complete or stays as it was. Raises SourceRefused or SourceUnavailable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for table in source.tables:
        name = hashlib.sha256(f"{source.connection}\n{table.to}".encode()).hexdigest()[:16]
        target, part = folder / f"{name}.parquet", folder / "incoming.part"
        where = f"PostgreSQL {known.name}: {table.table or table.to}"
        database = Steady(where, known, lambda: _Database(known, settings, folder))
        try:
            rows = database.attempt(lambda opened, table=table, part=part: _write(opened.con, table.sql, part))
            part.replace(target)
        finally:
            database.close()
            part.unlink(missing_ok=True)
            shutil.rmtree(folder / "spill", ignore_errors=True)
        _LOG.info("%s: %s rows → %s", where, f"{rows:,}", table.to)
        found[table.to] = target
    return found


def _write(con: duckdb.DuckDBPyConnection, sql: str, target: Path) -> int:
    """Stream a query's rows, sorted, into a Parquet file and return how many there are."""
    with _told():
        columns = _columns(con, sql)
        query = f"select {columns} from (\n{sql}\n) as asked"
        reader = con.execute("select * from postgres_query('source', ?) order by all nulls last", [query])
        batches = reader.to_arrow_reader(_ROW_GROUP)
        with pq.ParquetWriter(target, batches.schema, compression="zstd") as writer:
            return sum(_put(writer, batch) for batch in batches)


def _put(writer: pq.ParquetWriter, batch: pa.RecordBatch) -> int:
    writer.write_batch(batch, row_group_size=_ROW_GROUP)
    return batch.num_rows


def _columns(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The select list for PostgreSQL: what would lose something on the way is cast over there.

    A moment with a time zone becomes the date and time that the database shows; fixed-point numbers, and all that is
    not plain, become text (DuckDB would read a numeric NaN as 0).
    """
    described = con.execute("describe select * from postgres_query('source', ?)", [sql]).fetchall()
    return ", ".join(identifier(name) + _cast(kind) + f" as {identifier(name)}" for name, kind, *_ in described)


def _cast(kind: str) -> str:
    if kind == "TIMESTAMP WITH TIME ZONE":
        return "::timestamp"
    if kind == "DOUBLE":  # numeric without a precision comes as DOUBLE too
        return "::float8"
    return "" if kind in _AS_THEY_ARE else "::text"


def _secret(known: Connection) -> str:
    given = {"host": known.host, "port": known.port, "user": known.login, "password": known.password}
    given["database"] = known.schema
    fields = "".join(f", {key} {literal(str(value))}" for key, value in given.items() if value)
    return f"create or replace temporary secret login (type postgres{fields})"


def _dsn(known: Connection) -> str:
    """What libpq is told beside the login; the connection's own options come last and win."""
    values: dict[str, Any] = {
        "connect_timeout": CONNECT_S,
        "keepalives_idle": READ_S // 2,
        "keepalives_interval": READ_S // 6,
        "keepalives_count": 3,
        "tcp_user_timeout": READ_S * 1000,
        "options": f"-c statement_timeout={_STATEMENT_S * 1000}",
    }
    values |= {key: known.extra[key] for key in _PASSED_ON if key in known.extra}
    return " ".join(f"{key}='{_escaped(str(value))}'" for key, value in values.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


@contextmanager
def _told() -> Iterator[None]:
    """Tell a server that says no from a connection that broke."""
    try:
        yield
    except duckdb.Error as error:
        text = str(error)
        if any(sign in text.lower() for sign in _PASSING):
            raise
        raise Refused(_reason(text), _NEXT) from None


def _reason(text: str) -> str:
    """The server's own sentence, without what DuckDB puts around it."""
    return next((line for line in text.rsplit('": ', 1)[-1].splitlines() if line.strip()), text)
