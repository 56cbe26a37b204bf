"""deploy/init.sh with the packages of the image: roles and the first user, and what each role may do over REST."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.airflow.services import ROOT, SERVICES, programs

pytestmark = pytest.mark.acceptance
PASSWORD = "geheim-4f1c"
READS = {"read", "see approvals"}
STARTS = {"start", "repeat"}
KEEPS = {"answer elsewhere", "delete", "read connections", "read variables"}
MAY = {
    "Viewer": READS,
    "landgauge_operator": READS | STARTS,
    "landgauge_approver": READS | {"answer"},
    "admin": READS | STARTS | KEEPS | {"answer"},
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `init` is started with, on SQLite: the roles are the same rows in PostgreSQL (tests/orchestration)."""
    home = tmp_path_factory.mktemp("people")
    (home / "password").write_text(PASSWORD, encoding="ascii")
    given = SERVICES["init"]["environment"]
    return {
        "PATH": f"{programs()}:/usr/bin:/bin",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__AUTH_MANAGER": given["AIRFLOW__CORE__AUTH_MANAGER"],
        "AIRFLOW__CORE__LOAD_EXAMPLES": given["AIRFLOW__CORE__LOAD_EXAMPLES"],
        "AIRFLOW__CORE__DAGS_FOLDER": str(home),
        "LANDGAUGE_ADMIN_USER": given["LANDGAUGE_ADMIN_USER"],
        "LANDGAUGE_ADMIN_PASSWORD_FILE": str(home / "password"),
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture(scope="module")
def answers(environment: dict[str, str]) -> dict[str, dict[str, int]]:
    """The status codes by person and call, after `init` ran twice; between, the password's file was changed."""
    first = _watched_init(environment)
    Path(environment["LANDGAUGE_ADMIN_PASSWORD_FILE"]).write_text("another", encoding="ascii")
    second = _watched_init(environment)
    Path(environment["LANDGAUGE_ADMIN_PASSWORD_FILE"]).write_text(PASSWORD, encoding="ascii")
    assert "user admin made" in first
    assert "user admin made" not in second
    probe = ["python", str(ROOT / "tests" / "airflow" / "people_probe.py")]
    done = subprocess.run(probe, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("person", sorted(MAY))
def test_a_role_may_do_what_it_is_for_and_nothing_else(person: str, answers: dict[str, dict[str, int]]) -> None:
    codes = answers[person]
    assert {asked for asked, code in codes.items() if code == 404} == MAY[person]
    assert {code for asked, code in codes.items() if asked not in MAY[person]} == {403}


def test_nobody_without_a_password_learns_anything(answers: dict[str, dict[str, int]]) -> None:
    assert set(answers["nobody"].values()) == {401}
    assert answers["wrong password"] == {"token": 401}


def _watched_init(environment: dict[str, str]) -> str:
    """Run init.sh and return what it prints; no process of it may have the password among its arguments."""
    command = ["sh", str(ROOT / "deploy" / "init.sh")]
    printed = Path(environment["HOME"]) / "init.log"
    with printed.open("w", encoding="utf-8") as log:
        process = psutil.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        while process.poll() is None:
            for line in _arguments(process):
                assert PASSWORD not in line, line
            time.sleep(0.05)
    text = printed.read_text(encoding="utf-8")
    assert process.returncode == 0, text[-3000:]
    assert PASSWORD not in text
    return text


def _arguments(process: psutil.Process) -> list[str]:
    lines = []
    for child in process.children(recursive=True):
        try:
            lines.append(" ".join(child.cmdline()))
        except psutil.Error:
            continue
    return lines


def test_a_missing_or_empty_password_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    script = ["python", str(ROOT / "deploy" / "people.py")]
    (tmp_path / "empty").touch()
    cases = {str(tmp_path / "empty"): "is empty", str(tmp_path / "none"): "No such file"}
    for file, said in cases.items():
        given = environment | {"LANDGAUGE_ADMIN_PASSWORD_FILE": file}
        done = subprocess.run(script, env=given, capture_output=True, text=True, timeout=60)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    without = {k: v for k, v in environment.items() if k != "LANDGAUGE_ADMIN_PASSWORD_FILE"}
    done = subprocess.run(script, env=without, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, "LANDGAUGE_ADMIN_PASSWORD_FILE is not set: see docs/deployment.md\n")
