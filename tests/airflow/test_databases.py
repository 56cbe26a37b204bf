"""The PostgreSQL services of docker-compose.yml: the login that role.sql makes, and the health check as its user."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.airflow.services import ROOT, SERVICES, secrets_here
from tests.postgres_server import HOST, PASSWORD, Postgres, postgres

pytestmark = pytest.mark.acceptance
NAMES = ("postgres", "superset-postgres")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as started:
        yield started


@pytest.fixture(scope="module", params=NAMES)
def database(request: pytest.FixtureRequest, server: Postgres, tmp_path_factory: pytest.TempPathFactory):
    """The name and the password's file of a service's own login, after role.sql ran as the image runs it, twice."""
    folder = tmp_path_factory.mktemp("secrets")
    subprocess.run([sys.executable, str(ROOT / "deploy" / "make_secrets.py"), str(folder)], check=True)
    given = {k: secrets_here(v, folder) for k, v in SERVICES[request.param]["environment"].items()}
    for _ in range(2):
        _run_role(server, given)
    return given["LANDGAUGE_DATABASE"], Path(given["LANDGAUGE_DATABASE_PASSWORD_FILE"]).read_text("ascii")


def _run_role(server: Postgres, given: dict[str, str]) -> None:
    command = [server.programs / "psql", "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "--username", "keeper"]
    here = ["-h", HOST, "-p", server.port, "--dbname", "postgres", "-f", ROOT / "deploy" / "postgres" / "role.sql"]
    environment = {**os.environ, **given, "PGPASSWORD": PASSWORD}
    subprocess.run([*map(str, command), *map(str, here)], env=environment, check=True, capture_output=True)


def test_a_login_owns_its_database_and_nothing_else(server: Postgres, database: tuple[str, str]) -> None:
    name, password = database
    address = f"host={HOST} port={server.port} user={name} password={password}"
    with psycopg.connect(f"{address} dbname={name}") as own:
        own.execute("create table t as select 1 as a")
        own.rollback()
    with psycopg.connect(f"{address} dbname={name}", autocommit=True) as own:
        for forbidden in ("create database other", "create role other", "alter system set work_mem = '1MB'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute(forbidden)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(f"{address} dbname=postgres")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"host={HOST} port={server.port} user={name} password=x dbname={name}")


def test_a_statement_that_fails_leaves_no_password_in_the_log(server: Postgres, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("geheim-91c2", encoding="ascii")
    given = {"LANDGAUGE_DATABASE": "pg_monitor", "LANDGAUGE_DATABASE_PASSWORD_FILE": str(tmp_path / "password")}
    with pytest.raises(subprocess.CalledProcessError):
        _run_role(server, given)
    log = (server.folder / "log").read_text(encoding="utf-8")
    assert 'role name "pg_monitor" is reserved' in log
    assert "geheim-91c2" not in log


@pytest.mark.parametrize("service", NAMES)
def test_the_health_check_asks_by_tcp_as_a_user_who_is_not_root(service: str, server: Postgres) -> None:
    check = SERVICES[service]["healthcheck"]["test"]
    assert check[0] == "CMD"
    here = {"PATH": f"{server.programs}:/usr/bin:/bin", "PGPORT": str(server.port)}
    assert subprocess.run(check[1:], env=here, stdout=subprocess.DEVNULL, **server.who).returncode == 0
    server.stop()
    preparing = [server.programs / "postgres", "-D", server.folder / "data", "-k", server.folder, "-p", server.port]
    command = [*map(str, preparing), "-c", "listen_addresses="]
    try:
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=server.folder, **server.who) as process:
            by_socket = ["pg_isready", "-h", str(server.folder), "-t", "10"]
            while subprocess.run(by_socket, env=here, stdout=subprocess.DEVNULL).returncode:
                assert process.poll() is None
            assert subprocess.run(check[1:], env=here, stdout=subprocess.DEVNULL, **server.who).returncode == 2
            process.terminate()
    finally:
        server.start()
