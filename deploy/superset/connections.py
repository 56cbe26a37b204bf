"""Which address a user's queries go to, and how a published DuckDB file is opened. Used by superset_config.py.

Without LANDGAUGE_BI_DISTRICTS_FILE everybody reads through LANDGAUGE_BI_URI. With it, rows are separated by district
where they stand, in PostgreSQL: the file is a JSON object {name of a Superset role: SQLAlchemy address}, each address
with a PostgreSQL login of its own whose row-level security shows one district. A user who is not Admin reads through
the address of his role; who has none of these roles, or two, reads nothing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from sqlalchemy.engine.url import URL, make_url


def value_of(name: str) -> str:
    """The environment variable `name`, or the first line of the file that `name`_FILE names.

    Raises KeyError where neither is set.
    """
    file = os.environ.get(f"{name}_FILE")
    return Path(file).read_text(encoding="utf-8").strip() if file else os.environ[name]


def choose(
    address: URL, parameters: dict[str, Any], user_name: str | None, security: Any, source: Any
) -> tuple[URL, dict[str, Any]]:
    """Superset's DB_CONNECTION_MUTATOR: the address and the engine's parameters of the query at hand.

    Raises PermissionError where addresses by district are set and the user has none, or more than one.
    """
    file = os.environ.get("LANDGAUGE_BI_DISTRICTS_FILE")
    if file:
        by_role = json.loads(Path(file).read_text(encoding="utf-8"))
        address = address_of(address, by_role, _roles(security))
    if address.drivername.startswith("duckdb"):
        return _snapshot(address), _read_only(parameters)
    return address, parameters


def address_of(city: URL, by_role: dict[str, str], roles: set[str] | None) -> URL:
    """The address that a user with these roles reads through; `roles` None is provisioning, which has no user."""
    if roles is None or "Admin" in roles:
        return city
    own = sorted(roles & set(by_role))
    if len(own) != 1:
        raise PermissionError(
            f"该用户须有且只有一个数据权限角色 (now: {', '.join(own) or 'none'}): {', '.join(sorted(by_role))}"
        )
    return make_url(by_role[own[0]])


def _roles(security: Any) -> set[str] | None:
    """The names of the user's roles; None where no request is being answered."""
    from flask import g, has_request_context

    if not has_request_context():
        return None
    user = getattr(g, "user", None)
    return {role.name for role in security.get_user_roles(user)} if user else set()


def _snapshot(address: URL) -> URL:
    """The address of the snapshot that current.duckdb is at this moment, by the name that it keeps.

    One process that has a file open under a name goes on seeing it under that name, also when the name has become
    another file. Publishing links current.duckdb to <run_id>.duckdb: under that name a new snapshot is a new file.
    """
    current = Path(address.database or "")
    if current.name != "current.duckdb" or not current.exists():
        return address
    kept = [path for path in sorted(current.parent.glob("*.duckdb")) if path != current and path.samefile(current)]
    return address.set(database=str(kept[0])) if kept else address


def _read_only(parameters: dict[str, Any]) -> dict[str, Any]:
    """Engine parameters with which DuckDB only reads, and only this file."""
    arguments = dict(parameters.get("connect_args") or {})
    config = dict(arguments.get("config") or {}) | {"enable_external_access": "false", "memory_limit": "1GB"}
    return {**parameters, "connect_args": {**arguments, "read_only": True, "config": config}}
