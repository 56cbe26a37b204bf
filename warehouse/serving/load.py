"""Loading: the snapshot goes into a schema beside, which takes the place of `marts` in the same transaction.

A reader sees the old marts or the new ones, whole: the swap waits for transactions that have read the old tables, and
rows are frozen as they are copied, so that a transaction with an older view of the database finds the new tables full.
A load that fails or is killed leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from landgauge import log
from landgauge.errors import ConfigurationError, StageFailed, WarehouseBusy
from warehouse.published import open_snapshot
from warehouse.serving import access, rows
from warehouse.serving.permissions import Permissions, permissions
from warehouse.serving.tables import Table, blocks, create, finish, tables

SCHEMA, BESIDE, STATE = "marts", "marts_building", "served"
_OWN = {access.KEYS: ("role_name", "kind", "code"), STATE: ("snapshot_sha256", "rules_sha256")}
_OLDEST = 150000  # PostgreSQL 15: nobody but the owner may create in schema public
_LOCK_MS = 500  # below the server's deadlock_timeout, so that a reader is never the one that is ended
_PAUSE_S = 1.0
_LOG = log.get("serving")


@dataclass(frozen=True)
class Served:
    """What a load did: tables and rows loaded, the groups of the database; no tables where nothing had changed."""

    tables: int
    rows: int
    groups: tuple[str, ...]


def serve(snapshot: Path, to: str, force: bool = False, wait_s: float = 600) -> Served:
    """Load the snapshot into schema `marts` of the PostgreSQL database at `to`, with groups and row-level security.

    `to`: a URL or key=value string of libpq without a password, which libpq takes from PGPASSWORD or the password file.
    An unchanged snapshot under unchanged permissions is left alone unless `force`. `wait_s`: how long the swap tries
    to get between the transactions of readers. Raises ConfigurationError, StageFailed or WarehouseBusy.
    """
    digest = _sha256(snapshot)
    with open_snapshot(snapshot) as con, _connect(to) as server:
        known = permissions(con)
        state = (digest, _rules(known))
        with _told():
            _check(server)
            access.ensure_groups(server, known)
            if not force and _state(server) == state:
                return Served(0, 0, tuple(access.groups(known)))
            found = tables(con)
            count = _fill(con, server, found, known, state)
            _swap(server, wait_s)
            server.commit()
    return Served(len(found), count, tuple(access.groups(known)))


def roles_sql(snapshot: Path) -> str:
    """Return the SQL that makes every group the snapshot's city needs, for the administrator; nothing is run.

    A group that stands already gives an error of psql and changes nothing.
    """
    with open_snapshot(snapshot) as con:
        known = permissions(con)
    return "".join(f"{s.as_string()};\n" for s in access.role_statements(known, access.groups(known)))


@contextmanager
def _connect(to: str) -> Iterator[psycopg.Connection]:
    """A transaction on the server, rolled back unless it is committed."""
    try:
        given = psycopg.conninfo.conninfo_to_dict(to)
    except psycopg.Error:  # its text may hold what was given
        raise ConfigurationError("--to is no PostgreSQL URL", "Write postgresql://USER@HOST/DATABASE.") from None
    if given.get("password"):
        raise ConfigurationError(
            "--to holds a password, which others on this machine can read",
            "Put it into PGPASSWORD or the password file (~/.pgpass) and leave it out of --to.",
        )
    try:
        server = psycopg.connect(to, application_name="landgauge serve")
    except psycopg.Error as error:
        raise StageFailed(
            f"PostgreSQL cannot be reached: {str(error).strip()}", "Correct --to, PGPASSWORD or the server, and repeat."
        ) from None
    try:
        yield server
    finally:
        server.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise WarehouseBusy("another load of this database is running", "Wait for it, then repeat.") from error
    except psycopg.Error as error:
        raise StageFailed(
            f"PostgreSQL refused the load: {str(error).strip()}", "The old marts stand. Mend the cause and repeat."
        ) from error


def _check(server: psycopg.Connection) -> None:
    """The database must belong to the loading user: only its owner can keep others from temporary tables."""
    server.execute(f"set lock_timeout = {_LOCK_MS}")
    server.execute("set client_min_messages = warning")
    owner, version, strong = server.execute(
        "select (select pg_has_role(datdba, 'usage') from pg_database where datname = current_database()), "
        "current_setting('server_version_num')::int, rolsuper from pg_roles where rolname = current_user"
    ).fetchone()
    if version < _OLDEST:
        raise StageFailed("this server is older than PostgreSQL 15", "Use PostgreSQL 15 or newer.")
    if not owner:
        raise StageFailed(
            f"database {server.info.dbname} does not belong to {server.info.user}",
            "Make a database of its own: create database landgauge owner LOADER; see docs/serving.md.",
        )
    if strong:
        _LOG.warning(
            "%s is a superuser, whom row-level security does not bind: load as a user of its own", server.info.user
        )


def _state(server: psycopg.Connection) -> tuple[str, str] | None:
    if server.execute("select to_regclass(%s)", [f"{SCHEMA}.{STATE}"]).fetchone()[0] is None:
        return None
    return server.execute(f"select snapshot_sha256, rules_sha256 from {SCHEMA}.{STATE}").fetchone()


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise StageFailed(f"{path} does not exist: nothing is published", "Run `landgauge publish` first.")
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _rules(known: Permissions) -> str:
    """Digest of all that decides who sees what, and of the code that says it."""
    text = json.dumps(asdict(known), sort_keys=True)
    code = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.*"))]
    return hashlib.sha256(text.encode() + b"".join(code)).hexdigest()


def _fill(
    con: duckdb.DuckDBPyConnection, server: psycopg.Connection, found: list[Table], known: Permissions,
    state: tuple[str, str],
) -> int:  # fmt: skip
    """Fill the schema beside with every table, its indexes, comments, grants and policies; return the rows."""
    rows.make_places(con, known.min_districts)
    server.execute(f"drop schema if exists {BESIDE} cascade")
    server.execute(f"create schema {BESIDE}")
    count = sum(_copy(con, server, table) for table in found)
    _own_tables(server, known, state)
    for statement in access.statements(BESIDE, {t.name: (*t.columns, *rows.COLUMNS) for t in found}):
        server.execute(statement)
    for statement in access.statements_for_own(BESIDE, _OWN):
        server.execute(statement)
    server.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(server.info.dbname)))
    reader = sql.Identifier(access.READER)
    server.execute(sql.SQL("grant connect on database {} to {}").format(sql.Identifier(server.info.dbname), reader))
    server.execute("revoke create on schema public from public")
    return count


def _copy(con: duckdb.DuckDBPyConnection, server: psycopg.Connection, table: Table) -> int:
    server.execute(create(table, BESIDE))
    cursor = server.cursor()
    where = sql.Identifier(BESIDE, table.name)
    with cursor.copy(sql.SQL("copy {} from stdin (format csv, freeze)").format(where)) as copy:
        for block in blocks(con, table):
            copy.write(block)
    expected = con.execute(f"select count(*) from marts.{table.name}").fetchone()[0]
    if cursor.rowcount != expected:
        raise StageFailed(f"{table.name}: {cursor.rowcount} of {expected} rows arrived", "Repeat the command.")
    for statement in finish(table, BESIDE):
        server.execute(statement)
    server.execute(sql.SQL("analyze {}").format(where))
    return expected


def _own_tables(server: psycopg.Connection, known: Permissions, state: tuple[str, str]) -> None:
    keys = sql.Identifier(BESIDE, access.KEYS)
    server.execute(sql.SQL("create table {} (role_name text, kind text, code text)").format(keys))
    with server.cursor().copy(sql.SQL("copy {} from stdin").format(keys)) as copy:
        for key in known.keys:
            copy.write_row((key.role, key.kind, key.code))
    server.execute(sql.SQL("create index on {} (kind, role_name)").format(keys))
    where = sql.Identifier(BESIDE, STATE)
    server.execute(sql.SQL("create table {} (snapshot_sha256 text, rules_sha256 text)").format(where))
    server.execute(sql.SQL("insert into {} values (%s, %s)").format(where), state)


def _swap(server: psycopg.Connection, wait_s: float) -> None:
    """Put the new schema in the place of the old one, which goes as soon as no reader is in it."""
    old = [
        name for (name,) in server.execute(
            "select tablename from pg_tables where schemaname = %s order by tablename", [SCHEMA]
        ).fetchall()
    ]  # fmt: skip
    names = sql.SQL(", ").join(sql.Identifier(SCHEMA, name) for name in old)
    if old:
        _lock(server, names, wait_s)
        server.execute(sql.SQL("drop table {}").format(names))
    server.execute(f"drop schema if exists {SCHEMA}")
    server.execute(f"alter schema {BESIDE} rename to {SCHEMA}")


def _lock(server: psycopg.Connection, names: sql.Composed, wait_s: float) -> None:
    """Lock the old tables together, trying again and again, so that no reader waits longer than an attempt."""
    end = time.monotonic() + wait_s
    while True:
        try:
            with server.transaction():
                server.execute(sql.SQL("lock table {} in access exclusive mode").format(names))
            return
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() > end:
                raise StageFailed(
                    f"readers have kept the old marts open for {wait_s:.0f} s",
                    "End their transactions (pg_stat_activity says who) or set idle_in_transaction_session_timeout.",
                ) from None
            time.sleep(_PAUSE_S)
