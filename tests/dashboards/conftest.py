"""Superset started for real on a generated city, and the files that provision it.

LANDGAUGE_DASHBOARDS names a warehouse with a published generated city, so that none need be made.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from landgauge import cli
from landgauge.errors import COMPLAINTS, DONE
from tests.postgres_server import free_port

ROOT = Path(__file__).resolve().parents[2]
SUPERSET = ROOT / "deploy" / "superset"
sys.path.insert(0, str(SUPERSET))


@dataclass
class Server:
    """A running Superset and what provisioning it again takes."""

    url: str
    password: str
    environment: dict[str, str]
    snapshot: Path

    def provision(self) -> None:
        script([str(SUPERSET / "standalone.sh"), "--provision-only"], self.environment)


def script(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file of a generated city with two years at least, in a folder of its own."""
    folder = tmp_path_factory.mktemp("dashboards")
    city = Path(os.environ.get("LANDGAUGE_DASHBOARDS") or folder / "city")
    if not city.exists():
        call = ["demo", "--warehouse", str(city), "--parcels", "300", "--enterprises", "1200", "--years", "2"]
        assert cli.main(call) in (DONE, COMPLAINTS)
    published = folder / "warehouse" / "published"
    published.mkdir(parents=True)
    shutil.copy(city / "published" / "current.duckdb", published / "first.duckdb")
    os.link(published / "first.duckdb", published / "current.duckdb")
    return published / "current.duckdb"


@pytest.fixture(scope="session")
def server(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Superset from PyPI with SQLite, provisioned once, on a port of its own."""
    home, port = tmp_path_factory.mktemp("superset"), free_port()
    (home / "key").write_text("k" * 42, encoding="ascii")
    (home / "password").write_text("dashboards-test", encoding="ascii")
    environment = os.environ | {
        "LANDGAUGE_SUPERSET_HOME": os.environ.get("LANDGAUGE_SUPERSET_HOME", str(ROOT / "build" / "superset")),
        "LANDGAUGE_SUPERSET_METADATA": f"sqlite:///{home}/superset.db",
        "LANDGAUGE_SUPERSET_KEY_FILE": str(home / "key"),
        "LANDGAUGE_SUPERSET_ADMIN_PASSWORD_FILE": str(home / "password"),
        "LANDGAUGE_SUPERSET_BIND": f"127.0.0.1:{port}",
        "LANDGAUGE_WAREHOUSE": str(snapshot.parents[1]),
    }
    with (home / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [str(SUPERSET / "standalone.sh")], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url, process, home / "log")
        yield Server(url, "dashboards-test", environment, snapshot)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text(encoding="utf-8")[-3000:]
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=10):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(1)
    raise AssertionError(f"Superset does not answer: {log.read_text(encoding='utf-8')[-3000:]}")
