"""docker-compose.yml: it follows the Compose schema, what its services start exists, and they have few rights."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from warehouse import transform

ROOT = Path(__file__).parents[2]
SERVICES = {"postgres", "init", "api-server", "scheduler", "dag-processor", "triggerer"}
DASHBOARDS = {"superset", "superset-init", "superset-postgres"}
ONCE = {"init", "superset-init"}
PARSED = "/usr/local/share/landgauge/dbt"


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


def test_the_file_follows_the_schema_of_the_compose_specification(tmp_path: Path) -> None:
    checker = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*checker, str(ROOT / "docker-compose.yml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    wrong = (ROOT / "docker-compose.yml").read_text(encoding="utf-8").replace("mem_limit:", "memory_limit:")
    (tmp_path / "wrong.yml").write_text(wrong, encoding="utf-8")
    done = subprocess.run([*checker, str(tmp_path / "wrong.yml")], capture_output=True, text=True)
    assert "memory_limit" in done.stdout


def test_every_service_is_bounded_and_has_few_rights(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "pid", "ipc", "network_mode", "devices"} & set(service), name
        assert service["user"].split(":")[0] not in {"root", "0", ""}, name
        assert service["mem_limit"], name
        assert service["pids_limit"] > 0, name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name
        assert re.fullmatch(r"[\w-]+:[\d.]+(-\w+)?", service["image"]), "pinned"


def test_what_a_service_writes_lies_outside_its_image(compose: dict[str, Any]) -> None:
    written = {name: _written(service) for name, service in compose["services"].items()}
    for name in SERVICES - {"postgres"}:
        assert written[name] == {"/tmp", "/opt/airflow", "/opt/airflow/logs", "/data/warehouse", PARSED}, name
    for name in ("postgres", "superset-postgres"):
        assert written[name] == {"/tmp", "/var/run/postgresql", "/var/lib/postgresql/data"}
    for name in ("superset", "superset-init"):
        assert written[name] == {"/tmp", "/var/lib/superset"}
    image = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert transform.PARSED.relative_to(sys.prefix) == Path(PARSED).relative_to("/usr/local")
    assert "AIRFLOW_HOME=/opt/airflow" in image
    assert "HOME=/opt/airflow USER=landgauge" in image, "a user of the host's choice is not in the image's passwd"


def test_databases_are_reached_from_their_own_services_alone(compose: dict[str, Any]) -> None:
    services, networks = compose["services"], compose["networks"]
    inner = {name for name, network in networks.items() if (network or {}).get("internal")}
    assert inner == {"metadata", "dashboards"}
    for name, inside in (("postgres", "metadata"), ("superset-postgres", "dashboards")):
        assert services[name]["networks"] == [inside]
        assert "ports" not in services[name]
        source = next(v for v in services[name]["volumes"] if "/docker-entrypoint-initdb.d/" in v).split(":")
        assert (source[1:], (ROOT / source[0]).is_file()) == (["/docker-entrypoint-initdb.d/role.sql", "ro"], True)
    beside = {name for name, service in services.items() if "metadata" in service["networks"]}
    assert beside == SERVICES
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8080:8080", "127.0.0.1:8088:8088"]


def test_the_dags_with_an_approval_are_those_that_approvers_may_answer() -> None:
    sys.path.insert(0, str(ROOT / "deploy"))
    import people

    found = {p: p.read_text(encoding="utf-8") for p in (ROOT / "dags").glob("*.py")}
    asking = [
        re.findall(r'\bdag_id="(\w+)"', text) for text in found.values() if re.search(r"(Approval|HITL)\w*\(", text)
    ]
    assert sorted(dag_id for dag_ids in asking for dag_id in dag_ids) == sorted(people.APPROVED_DAGS)


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


def test_secrets_are_for_their_owner_alone_and_never_half_written(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    (folder / "jwt_secret").touch()
    command = f"umask 000; exec {sys.executable} {ROOT / 'deploy' / 'make_secrets.py'} {folder}"
    printed = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True).stdout
    assert not [path.name for path in folder.iterdir() if path.read_text(encoding="ascii") in printed]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}
    assert all(len(path.read_text(encoding="ascii")) >= 16 for path in folder.iterdir())


def test_secrets_stay_out_of_git_and_of_images() -> None:
    kept = subprocess.run(
        ["git", "check-ignore", "deploy/secrets/jwt_secret"], cwd=ROOT, capture_output=True, text=True
    )
    assert kept.stdout.strip() == "deploy/secrets/jwt_secret"
    for name in ("Dockerfile.dockerignore", "superset/Dockerfile.dockerignore"):
        lines = (ROOT / "deploy" / name).read_text(encoding="utf-8").splitlines()
        assert lines[0] == "*", "everything stays out but what is named"
        let_in = {line[1:] for line in lines if line.startswith("!")}
        assert "superset" in let_in or ("deploy" in let_in and lines.index("deploy/secrets") > lines.index("!deploy"))
        assert not let_in & {".git", "build", "shared", "logs", ".airflow", "*"}


def test_the_image_is_pinned_and_not_root() -> None:
    for folder in (ROOT / "deploy", ROOT / "deploy" / "superset"):
        lines = (folder / "Dockerfile").read_text(encoding="utf-8").splitlines()
        assert any(re.fullmatch(r"FROM python:3\.1[12]\.\d+-slim-\w+", line) for line in lines)
        assert [line for line in lines if line.startswith("USER")] == ["USER landgauge"]
        extra = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
        assert all("==" in line for line in extra if line and not line.startswith("#"))


def _written(service: dict[str, Any]) -> set[str]:
    """The folders that a service can write to."""
    mounts = [volume.rsplit(":", 1) for volume in service.get("volumes", []) if not volume.endswith(":ro")]
    return {target for _, target in mounts} | set(service["tmpfs"])


def _init() -> str:
    return (ROOT / "deploy" / "init.sh").read_text(encoding="utf-8")


def _made(command: list[str], folder: Path) -> dict[str, str]:
    subprocess.run(command, check=True, capture_output=True)
    return {path.name: path.read_text(encoding="ascii") for path in folder.iterdir()}
