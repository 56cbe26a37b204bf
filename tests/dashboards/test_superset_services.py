"""Superset's services of docker-compose.yml as processes: provisioned twice on PostgreSQL, served, found healthy."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.airflow.services import SERVICES, secrets_here
from tests.dashboards.conftest import ROOT, SUPERSET
from tests.postgres_server import HOST, PASSWORD, Postgres, free_port, postgres

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as started:
        yield started


@pytest.fixture(scope="module")
def here(server: Postgres, snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of `superset-init`, with the secrets, the database and the port of this machine."""
    secrets = tmp_path_factory.mktemp("secrets")
    subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "make_secrets.py"), str(secrets)], check=True, stdout=subprocess.DEVNULL
    )
    _prepare(server, secrets)
    places = {"superset_metadata": ("@superset-postgres:5432", f"@{HOST}:{server.port}")}
    for name, (there, place) in places.items():
        _rewrite(secrets / name, lambda text, there=there, place=place: text.replace(there, place))
    _rewrite(secrets / "bi_uri", lambda _: f"duckdb:///{snapshot}")
    home = Path(os.environ.get("LANDGAUGE_SUPERSET_HOME", ROOT / "build" / "superset"))
    given = {k: secrets_here(v, secrets) for k, v in SERVICES["superset-init"]["environment"].items()}
    return given | {
        "PATH": f"{home}/venv/bin:/usr/bin:/bin",
        "HOME": str(tmp_path_factory.mktemp("home")),
        "SUPERSET_HOME": str(tmp_path_factory.mktemp("superset")),
        "SUPERSET_CONFIG_PATH": str(SUPERSET / "superset_config.py"),
        "LANDGAUGE_SUPERSET_BIND": f"{HOST}:{free_port()}",
    }


def _rewrite(path: Path, change) -> None:
    text = change(path.read_text(encoding="ascii"))
    path.unlink()
    path.write_text(text, encoding="ascii")


def _prepare(server: Postgres, secrets: Path) -> None:
    """What the image of `superset-postgres` does when its folder is empty."""
    given = {k: secrets_here(v, secrets) for k, v in SERVICES["superset-postgres"]["environment"].items()}
    script = ROOT / "deploy" / "postgres" / "role.sql"
    command = [server.programs / "psql", "-X", "-h", HOST, "-p", server.port, "-U", "keeper", "-d", "postgres"]
    environment = os.environ | given | {"PGPASSWORD": PASSWORD}
    subprocess.run([*map(str, command), "-f", str(script)], env=environment, check=True, capture_output=True)


def _command(words: list[str]) -> list[str]:
    return [word.replace("/opt/superset", str(SUPERSET)) for word in words]


def test_superset_init_provisions_and_repeats(here: dict[str, str], server: Postgres) -> None:
    for _ in range(2):
        command = _command(SERVICES["superset-init"]["command"])
        done = subprocess.run(command, env=here, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        assert "Superset provisioned" in done.stdout
    given = {"host": HOST, "port": server.port, "user": "keeper", "password": PASSWORD, "dbname": "superset"}
    counted = "select count(*), count(*) filter (where tableowner <> 'superset')"
    with psycopg.connect(**given) as keeper:
        tables, foreign = keeper.execute(f"{counted} from pg_tables where schemaname = 'public'").fetchone()
    assert (tables > 50, foreign) == (True, 0)


def test_superset_serves_by_the_images_command_and_its_health_check_tells(here: dict[str, str], tmp_path: Path) -> None:
    image = (SUPERSET / "Dockerfile").read_text(encoding="utf-8").splitlines()
    start = next(line for line in image if line.startswith("CMD")).removeprefix("CMD ")
    command = _command(shlex.split(start.strip("[]").replace(",", " ")))
    check = [w.replace("127.0.0.1:8088", here["LANDGAUGE_SUPERSET_BIND"]) for w in _check()]
    assert subprocess.run(check, env=here, capture_output=True).returncode != 0
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=here, stdout=log, stderr=log, start_new_session=True)
    try:
        end = time.monotonic() + 180
        while subprocess.run(check, env=here, capture_output=True).returncode:
            assert process.poll() is None, (tmp_path / "log").read_text()[-3000:]
            assert time.monotonic() < end
            time.sleep(1)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _check() -> list[str]:
    kind, *words = SERVICES["superset"]["healthcheck"]["test"]
    assert kind == "CMD"
    return words
