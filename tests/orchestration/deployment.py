"""What docker-compose.yml starts, as processes of this machine in a folder of their own, on a real PostgreSQL.

Only what a container would bring is replaced: folders, host names and ports. The code is a copy of what goes into the
image, the packages are those of the image, and no variable of the caller's environment reaches a service.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil

from tests.orchestration.compose import (
    ROOT,
    Service,
    airflow_services,
    image_environment,
    image_folders,
    postgres_health,
)
from tests.orchestration.rest import Api, waited
from tests.postgres_server import Postgres, free_port, postgres

_START_S = 240
_DATABASE = "database"  # the file that names the folder of the database
_GENERATED = shutil.ignore_patterns("__pycache__", "secrets", "target", "logs", ".user.yml")


class Deployment:
    """The services of a compose file, and the folders they see: `landing`, `warehouse`, `logs`."""

    def __init__(self, folder: Path, programs: Path, server: Postgres, data: Path, extra: Mapping[str, str]) -> None:
        """`programs` is the folder with the packages' python and airflow; `extra` is added to every environment."""
        self.folder, self.programs, self.postgres, self._extra = folder, programs, server, dict(extra)
        self.landing, self.warehouse, self.code = data / "landing", data / "warehouse", folder / "code"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.services = airflow_services({"LANDGAUGE_LANDING": "-", "LANDGAUGE_WAREHOUSE": "-"})
        self._ports = {f"AIRFLOW__LOGGING__{kind}_LOG_SERVER_PORT": str(free_port()) for kind in ("WORKER", "TRIGGER")}
        self._running: dict[str, psutil.Popen] = {}
        self._changing = threading.RLock()
        self._ended = threading.Event()
        self.restarts: dict[str, int] = {}

    def prepare(self) -> None:
        """Copy the code, make the secrets and the database."""
        for path in (self.landing, self.warehouse, self.folder / "logs", self.folder / "tmp"):
            path.mkdir(parents=True, exist_ok=True)
        copy_code(self.code)
        make = [sys.executable, str(self.code / "deploy" / "make_secrets.py"), str(self.folder / "secrets")]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        address = self.folder / "secrets" / "sql_alchemy_conn"
        address.chmod(0o600)
        address.write_text(address.read_text().replace("@postgres:5432", f"@127.0.0.1:{self.postgres.port}"))
        self.postgres.sql(f"create role airflow login password '{self.secret('postgres_password')}'")
        self.postgres.sql("create database airflow owner airflow")

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text("ascii")

    def api(self) -> Api:
        """Return the API as the first user, whose name and password file compose gives to `init`."""
        return Api(self.url, self.services["init"].environment["LANDGAUGE_ADMIN_USER"], self.secret("admin_password"))

    def start(self) -> dict[str, float]:
        """Start the services, each after those it waits for; returns the seconds until each is healthy or has ended."""
        self.postgres.run(postgres_health() or ())
        seconds: dict[str, float] = {}
        for name in self.services:
            self._start(name, seconds)
        for name in self._running:
            self._wait(self.services[name], seconds)
        threading.Thread(target=self.tend, daemon=True).start()
        return seconds

    def kill(self, name: str) -> None:
        """Kill a service as the end of its container does: every process of it, at once. Docker starts it again."""
        session = self._running[name].pid
        with suppress(psutil.NoSuchProcess):
            self._running[name].kill()
        left = [process for process in psutil.process_iter() if _session(process.pid) == session]
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs([self._running[name], *left], timeout=20)

    def tend(self) -> None:
        """Start again what has ended, as docker does under `restart: unless-stopped`, until `stop`."""
        while not self._ended.wait(1):
            with self._changing:
                for name in [name for name, process in self._running.items() if process.poll() is not None]:
                    self.kill(name)  # what its first process left behind ends with the container
                    self.restarts[name] = self.restarts.get(name, 0) + 1
                    self._running[name] = self._process(self.services[name])

    def cpu_seconds(self) -> float:
        """Return the CPU seconds of every process so far, PostgreSQL's and those of ended tasks among them."""
        roots = [*self._running.values(), psutil.Process(self.postgres.process.pid)]
        every = [process for root in roots for process in (root, *root.children(recursive=True))]
        return sum(sum(process.cpu_times()[:4]) for process in every)

    def stop(self) -> None:
        self._ended.set()
        with self._changing:
            for name in list(self._running):
                self.kill(name)

    def run(self, service: str, command: Sequence[str]) -> str:
        """Run a command in the surroundings of a service (`docker compose exec`) and return what it prints."""
        command = [self._here(part, self._home(service)) for part in command]
        environment = self._environment(self.services[service])
        done = subprocess.run(command, cwd=self._home(service), env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done.stdout

    def _start(self, name: str, seconds: dict[str, float]) -> None:
        if name in self._running or name in seconds:
            return
        service = self.services[name]
        for before, condition in service.after.items():
            if before in self.services and before not in self._running:
                self._start(before, seconds)
                self._wait(self.services[before], seconds, condition)
        seconds[name] = -time.monotonic()
        self._running[name] = self._process(service)
        if service.health is None:
            self._wait(service, seconds, "service_completed_successfully")

    def _wait(self, service: Service, seconds: dict[str, float], condition: str = "service_healthy") -> None:
        """Wait until a service is healthy, or has ended where that is the condition on it."""
        if seconds.get(service.name, 0) >= 0:
            return
        process = self._running[service.name]
        if condition == "service_completed_successfully":
            assert process.wait(_START_S) == 0, f"{service.name} failed: {self._log(service.name)}"
            del self._running[service.name]
        else:
            waited(service.name, partial(self.healthy, service.name), _START_S)
        seconds[service.name] = round(seconds[service.name] + time.monotonic(), 1)

    def healthy(self, name: str) -> bool:
        """Run the health check of a service once."""
        service = self.services[name]
        command = [self._here(part, self._home(name)) for part in service.health or ()]
        return subprocess.run(command, env=self._environment(service), capture_output=True).returncode == 0

    def _process(self, service: Service) -> psutil.Popen:
        home = self._home(service.name)
        command = [self._here(part, home) for part in service.command]
        with self._log(service.name).open("ab") as log:
            return psutil.Popen(
                command, cwd=home, env=self._environment(service), stdout=log, stderr=log, start_new_session=True
            )

    def _home(self, name: str) -> Path:
        """Return the service's own /opt/airflow, in which only the logs are shared, as compose says."""
        home = self.folder / "home" / name
        if not home.is_dir():
            home.mkdir(parents=True)
            (home / "logs").symlink_to(self.folder / "logs")
        return home

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _environment(self, service: Service) -> dict[str, str]:
        home = self._home(service.name)
        given = image_environment() | dict(service.environment)
        port = self.url.rpartition(":")[2]
        own = {
            "PATH": f"{self.programs}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            **no_repository(self.code),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": port,
        }
        return {key: self._here(value, home) for key, value in given.items()} | own | self._ports | self._extra

    def _here(self, text: str, home: Path) -> str:
        """Put this machine's places into a text that names a container's."""
        places = {
            "/run/secrets": self.folder / "secrets",
            "/data/landing": self.landing,
            "/data/warehouse": self.warehouse,
            "/opt/landgauge": self.code,
            "/opt/airflow": home,
            "http://api-server:8080": self.url,
            "http://127.0.0.1:8080": self.url,
        }
        for name, place in places.items():
            text = text.replace(name, str(place))
        return text


def _session(process: int) -> int | None:
    """Return the session of a process, which here stands for its container; None when it has ended."""
    with suppress(ProcessLookupError):
        return os.getsid(process)
    return None


def copy_code(target: Path) -> None:
    """Copy what goes into the image."""
    for name in image_folders():
        source, copy = ROOT / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, copy, ignore=_GENERATED) if source.is_dir() else shutil.copy(source, copy)


def no_repository(code: Path) -> dict[str, str]:
    """Return what keeps git from taking a repository further up for that of a copy: the image has none."""
    return {"GIT_CEILING_DIRECTORIES": str(code.parent)}


@contextmanager
def deployed(
    folder: Path, programs: Path, data: Path | None = None, extra: Mapping[str, str] | None = None
) -> Iterator[Deployment]:
    """Prepare a deployment in a folder, which is emptied, with a PostgreSQL of its own; all ends with the block.

    Landing area and warehouse stand in `data`, by default in the same folder. What a killed caller left is ended.
    """
    _end_remains(folder)
    with postgres() as server:
        deployment = Deployment(folder, programs, server, data or folder, extra or {})
        deployment.prepare()
        (folder / _DATABASE).write_text(str(server.folder), encoding="utf-8")
        try:
            yield deployment
        finally:
            deployment.stop()


def _end_remains(folder: Path) -> None:
    """End the services that a killed caller left in the folder, and their database, and remove both folders."""
    database = folder / _DATABASE
    places = [Path(path.read_text("utf-8")) for path in [database] if path.is_file()]
    for place in (folder / "home", *places):
        end_processes(place)
    for place in (folder, *places):
        shutil.rmtree(place, ignore_errors=True)


def end_processes(place: Path) -> None:
    """End the processes that work in a folder or below it."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(place):
                process.kill()
