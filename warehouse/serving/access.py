"""Groups, grants and row-level security of the serving schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import psycopg
from psycopg import sql

from landgauge.errors import StageFailed
from warehouse.serving.permissions import CITY, READER, Permissions

KEYS = "access_key"
_NEXT = "Let the administrator of the database run what `landgauge serve --roles` prints, then repeat."
# One list per query, not one look-up per row: the array is an InitPlan, and an index on the column can be used.
_SEES = """{column} = any (array(
    select held.code from {keys} as held inner join pg_catalog.pg_roles as of_user on of_user.rolname = held.role_name
    where held.kind = {kind} and pg_catalog.pg_has_role(of_user.oid, 'usage')
))"""


def groups(known: Permissions) -> list[str]:
    """Return every group of the serving database: the readers, the city, and the roles of districts and streets."""
    return [READER, CITY, *known.roles]


def role_statements(known: Permissions, missing: Iterable[str]) -> Iterator[sql.Composed]:
    """Yield what makes the missing groups: without login, in the group of readers, with no other right."""
    for name in missing:
        yield sql.SQL("create role {} nologin").format(sql.Identifier(name))
        if name != READER:
            yield sql.SQL("grant {} to {}").format(sql.Identifier(READER), sql.Identifier(name))


def ensure_groups(con: psycopg.Connection, known: Permissions) -> None:
    """Make the groups that are missing and look at those that stand.

    Raises StageFailed when the loading user may make no roles, and when a group could get past the policies.
    """
    wanted = groups(known)
    found = con.execute(
        "select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcanlogin, pg_has_role(oid, %s, 'usage') "
        "from pg_roles where rolname = any(%s) order by rolname",
        [READER if _exists(con, READER) else con.info.user, wanted],
    ).fetchall()
    if strong := [name for name, more, _ in found if more]:
        raise StageFailed(
            f"{strong[0]} may log in, make roles, or pass row-level security",
            f'Take that from it: alter role "{strong[0]}" nologin nosuperuser nobypassrls nocreaterole.',
        )
    if outside := [name for name, _, reads in found if not reads]:
        raise StageFailed(f"{outside[0]} is not in {READER}", _NEXT)
    try:
        for statement in role_statements(known, [n for n in wanted if n not in {name for name, *_ in found}]):
            con.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        raise StageFailed(f"{con.info.user} may not make the groups that are missing", _NEXT) from error


def _exists(con: psycopg.Connection, role: str) -> bool:
    return con.execute("select from pg_roles where rolname = %s", [role]).fetchone() is not None


def statements(schema: str, tables: Mapping[str, Sequence[str]]) -> Iterator[sql.Composed]:
    """Yield the grants and policies of a loaded schema: reading alone, and of each table the rows one may see.

    `tables`: the columns of each by its name. Row-level security is forced, so that it binds the owner too; a role
    without a policy sees no row. Only columns are granted: where a row stands in the table (ctid) says how many stand
    before it.
    """
    yield sql.SQL("revoke all on schema {} from public").format(sql.Identifier(schema))
    yield sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(schema), sql.Identifier(READER))
    for table, columns in tables.items():
        where = sql.Identifier(schema, table)
        yield from _reading(where, columns)
        yield _policy("whole_city", where, CITY, sql.SQL("true"))
        for kind, column in (("district", "access_district"), ("street", "access_town")):
            yield _policy(kind, where, READER, _condition(schema, kind, column))


def statements_for_own(schema: str, tables: Mapping[str, Sequence[str]]) -> Iterator[sql.Composed]:
    """Yield the grants of the tables that say who sees what and what was loaded: nothing in them is secret."""
    for table, columns in tables.items():
        where = sql.Identifier(schema, table)
        yield from _reading(where, columns)
        yield sql.SQL("create policy everyone on {} for select using (true)").format(where)


def _reading(where: sql.Identifier, columns: Sequence[str]) -> Iterator[sql.Composed]:
    yield sql.SQL("revoke all on {} from public").format(where)
    granted = sql.SQL(", ").join(map(sql.Identifier, columns))
    yield sql.SQL("grant select ({}) on {} to {}").format(granted, where, sql.Identifier(READER))
    yield sql.SQL("alter table {} enable row level security, force row level security").format(where)


def _policy(name: str, where: sql.Identifier, role: str, condition: sql.Composable) -> sql.Composed:
    return sql.SQL("create policy {} on {} for select to {} using ({})").format(
        sql.Identifier(name), where, sql.Identifier(role), condition
    )


def _condition(schema: str, kind: str, column: str) -> sql.Composed:
    return sql.SQL(_SEES).format(
        column=sql.Identifier(column), keys=sql.Identifier(schema, KEYS), kind=sql.Literal(kind)
    )
