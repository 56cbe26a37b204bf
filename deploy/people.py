"""The roles of people in Airflow, and its first user. Safe to repeat; run by init.sh after `airflow fab-db migrate`.

usage: python people.py

A viewer is Airflow's own role Viewer. `landgauge_operator` starts, repeats and backfills runs and answers no approval;
`landgauge_approver` answers approvals and starts nothing. Both get exactly the permissions that stand here.
LANDGAUGE_ADMIN_USER is made an administrator with the password in the file LANDGAUGE_ADMIN_PASSWORD_FILE; one who
exists already is left alone, since the password may have been changed. Nothing secret is an argument of a process.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

# The DAGs with an approval. To answer one, Airflow asks for the right to edit that DAG, beside the right to answer.
APPROVED_DAGS = ("publish",)
ADDED = {
    "landgauge_operator": [
        ("can_edit", "DAGs"),
        ("can_create", "DAG Runs"),
        ("can_edit", "DAG Runs"),
        ("can_create", "Task Instances"),
        ("can_edit", "Task Instances"),
        ("can_create", "Backfills"),
        ("can_edit", "Backfills"),
    ],
    "landgauge_approver": [
        ("can_edit", "HITL Detail"),
        ("menu_access", "HITL Detail"),
        *[("can_edit", f"DAG:{dag_id}") for dag_id in APPROVED_DAGS],
    ],
}


def main() -> int:
    """Make roles and user; the exit code is 0, or 2 where an environment variable or the password's file is missing."""
    try:
        name = os.environ["LANDGAUGE_ADMIN_USER"]
        password = Path(os.environ["LANDGAUGE_ADMIN_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    except KeyError as missing:
        sys.stderr.write(f"{missing.args[0]} is not set: see docs/deployment.md\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error}: see docs/deployment.md\n")
        return 2
    if not password:
        sys.stderr.write("the file of LANDGAUGE_ADMIN_PASSWORD_FILE is empty: write a password into it\n")
        return 2
    _make(name, password)
    return 0


def _make(name: str, password: str) -> None:
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
    from airflow.utils.providers_configuration_loader import providers_configuration_loaded

    @providers_configuration_loaded
    def make() -> None:
        with get_application_builder() as builder:
            builder.sm.sync_roles()
            for role, added in ADDED.items():
                _set_permissions(builder.sm, role, [*builder.sm.VIEWER_PERMISSIONS, *added])
            _administrator(builder.sm, name, password)

    make()


def _set_permissions(security: Any, name: str, wanted: list[tuple[str, str]]) -> None:
    """Give a role these permissions (action, resource) and no other; it is made where absent."""
    role = security.add_role(name)
    permissions = [security.create_permission(action, resource) for action, resource in dict.fromkeys(wanted)]
    for permission in permissions:
        security.add_permission_to_role(role, permission)
    for permission in [p for p in role.permissions if p not in permissions]:
        security.remove_permission_from_role(role, permission)


def _administrator(security: Any, name: str, password: str) -> None:
    if security.find_user(username=name) is None:
        role = security.find_role("Admin")
        security.add_user(name, name, "landgauge", f"{name}@localhost", role, password)
        sys.stdout.write(f"user {name} made\n")


if __name__ == "__main__":
    sys.exit(main())
