"""What each role may do over Airflow's REST API, as JSON. Run in an environment with deploy/requirements.txt.

usage: python people_probe.py      (AIRFLOW__… and LANDGAUGE_ADMIN_… are set, deploy/init.sh was run)

Asked is for things that are not there: who may ask gets 404, who may not gets 403.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from airflow.api_fastapi.app import create_app
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from airflow.utils.providers_configuration_loader import providers_configuration_loaded
from fastapi.testclient import TestClient

ROLES = ("Viewer", "landgauge_operator", "landgauge_approver")
PASSWORD = "probe-of-a-role"
TASK = "/api/v2/dags/publish/dagRuns/none/taskInstances/approve/-1/hitlDetails"
ASKED = {
    "read": ("GET", "/api/v2/dags/none", None),
    "see approvals": ("GET", TASK, None),
    "answer": ("PATCH", TASK, {"chosen_options": ["Approve"], "params_input": {}}),
    "answer elsewhere": ("PATCH", TASK.replace("publish", "other"), {"chosen_options": ["Approve"]}),
    "start": ("POST", "/api/v2/dags/none/dagRuns", {"logical_date": None}),
    "repeat": ("POST", "/api/v2/dags/none/clearTaskInstances", {"dry_run": True}),
    "delete": ("DELETE", "/api/v2/dags/none", None),
    "read connections": ("GET", "/api/v2/connections/none", None),
    "read variables": ("GET", "/api/v2/variables/none", None),
    "read settings": ("GET", "/api/v2/config", None),
}


@providers_configuration_loaded
def add_people() -> None:
    with get_application_builder() as builder:
        for role in ROLES:
            found = builder.sm.find_role(role)
            builder.sm.add_user(role, role, "x", f"{role}@localhost", found, PASSWORD)


def main() -> None:
    add_people()
    admin = Path(os.environ["LANDGAUGE_ADMIN_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    people = dict.fromkeys(ROLES, PASSWORD) | {os.environ["LANDGAUGE_ADMIN_USER"]: admin}
    with TestClient(create_app(apps="all"), raise_server_exceptions=False) as client:
        answers = {name: _answers(client, name, password) for name, password in people.items()}
        answers["nobody"] = {
            asked: client.request(m, url, json=body).status_code for asked, (m, url, body) in ASKED.items()
        }
        wrong = client.post("/auth/token", json={"username": "Viewer", "password": "wrong"})
        answers["wrong password"] = {"token": wrong.status_code}
    print(json.dumps(answers))


def _answers(client: TestClient, name: str, password: str) -> dict[str, int]:
    token = client.post("/auth/token", json={"username": name, "password": password}).json()["access_token"]
    head = {"Authorization": f"Bearer {token}"}
    return {
        asked: client.request(m, url, json=body, headers=head).status_code for asked, (m, url, body) in ASKED.items()
    }


if __name__ == "__main__":
    main()
