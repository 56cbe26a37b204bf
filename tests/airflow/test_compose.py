"""docker-compose.yml: what its services start exists, secrets have no default, and Compose itself accepts it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = {"postgres", "init", "api-server", "scheduler", "dag-processor", "triggerer"}
DASHBOARDS = {"superset", "superset-init", "superset-postgres"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def test_the_services_of_an_airflow_with_postgresql(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == SERVICES | DASHBOARDS
    assert all("healthcheck" in s for name, s in services.items() if name not in {"init", "superset-init"})
    airflow = {name: services[name] for name in SERVICES - {"postgres"}}
    assert {s["environment"]["AIRFLOW__CORE__EXECUTOR"] for s in airflow.values()} == {"LocalExecutor"}
    assert all(any("/data/warehouse" in v for v in s["volumes"]) for s in airflow.values())


def test_the_dashboards_are_started_on_demand_and_read_secrets_from_files(compose: dict[str, Any]) -> None:
    services = [compose["services"][name] for name in sorted(DASHBOARDS)]
    assert {tuple(s["profiles"]) for s in services} == {("dashboards",)}
    assert {s["image"] for s in services} == {"landgauge-superset:0.1.0", "postgres:17.6-bookworm"}
    assert compose["services"]["superset-init"]["build"] == {"context": "deploy", "dockerfile": "superset/Dockerfile"}
    inside = {w for s in services for w in s.get("command", []) if w.startswith("/opt/superset/")}
    assert inside == {"/opt/superset/provision.py"}
    assert all((ROOT / "deploy" / "superset" / Path(w).name).is_file() for w in inside)


def test_services_start_commands_that_airflow_has(compose: dict[str, Any]) -> None:
    commands = [s["command"] for s in compose["services"].values() if s.get("command", [""])[0] == "airflow"]
    assert sorted(c[1] for c in commands) == ["api-server", "dag-processor", "scheduler", "triggerer"]
    script = "import json, sys\nfrom airflow.cli.cli_parser import get_parser\n"
    script += "[get_parser().parse_args(c) for c in json.loads(sys.argv[1])]"
    init = [line.split() for line in _init().splitlines() if line.strip().startswith("airflow db")]
    wanted = json.dumps([c[1:] for c in [*commands, *init, ["airflow", "pools", "set", "p", "1", "d"]]])
    done = subprocess.run([sys.executable, "-c", script, wanted], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-1000:]


def test_scripts_that_services_name_are_in_the_repository(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    words = [w for s in services for w in [*s.get("command", []), *s.get("healthcheck", {}).get("test", [])]]
    named = {w.removeprefix("/opt/landgauge/") for w in words if w.startswith("/opt/landgauge/")}
    assert named == {"deploy/init.sh", "deploy/health.py"}
    assert all((ROOT / path).is_file() for path in named)


def test_no_secret_has_a_value_or_a_default(compose: dict[str, Any]) -> None:
    mounted = {name for s in compose["services"].values() for name in s.get("secrets", [])}
    assert mounted == set(compose["secrets"])
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())
    names = {k: v for s in compose["services"].values() for k, v in s["environment"].items()}
    secret = re.compile("PASSWORD|SECRET|FERNET|SQL_ALCHEMY_CONN|KEY|URI|METADATA")
    assert all(k.endswith(("_FILE", "_CMD")) and "/run/secrets/" in v for k, v in names.items() if secret.search(k))


def test_secrets_are_made_once(tmp_path: Path, compose: dict[str, Any]) -> None:
    make = [sys.executable, str(ROOT / "deploy" / "make_secrets.py"), str(tmp_path / "secrets")]
    first, second = (_made(make, tmp_path / "secrets") for _ in range(2))
    assert first == second
    assert {f"deploy/secrets/{name}" for name in first} == {s["file"] for s in compose["secrets"].values()}
    assert first["postgres_password"] in first["sql_alchemy_conn"]
    assert len(set(first.values())) == len(first)


def test_the_image_is_pinned_and_not_root() -> None:
    for folder in (ROOT / "deploy", ROOT / "deploy" / "superset"):
        lines = (folder / "Dockerfile").read_text(encoding="utf-8").splitlines()
        assert any(re.fullmatch(r"FROM python:3\.1[12]\.\d+-slim-\w+", line) for line in lines)
        assert [line for line in lines if line.startswith("USER")] == ["USER landgauge"]
        extra = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
        assert all("==" in line for line in extra if line and not line.startswith("#"))


def _init() -> str:
    return (ROOT / "deploy" / "init.sh").read_text(encoding="utf-8")


def _made(command: list[str], folder: Path) -> dict[str, str]:
    subprocess.run(command, check=True, capture_output=True)
    return {path.name: path.read_text(encoding="ascii") for path in folder.iterdir()}
