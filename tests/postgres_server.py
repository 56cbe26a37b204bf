"""A real PostgreSQL server on this machine for the tests of sources and of the serving database."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "geheim/#%'密码"
HOST = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return taken.getsockname()[1]


def postgres_programs() -> Path:
    """The folder with initdb and postgres: of PATH, else the newest of Debian's."""
    found = [Path(path).resolve().parent for path in [shutil.which("postgres")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    programs = next((path for path in found if (path / "initdb").is_file()), None)
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed: `make test-sources` installs it as root, else install it.")
    return programs


@dataclass
class Postgres:
    """A server with the superuser `keeper` and PASSWORD, on a port of its own, run by the user that `who` names."""

    port: int
    programs: Path
    folder: Path
    who: dict[str, int | list[int]]
    process: subprocess.Popen | None = None

    def start(self) -> None:
        given = ["-D", self.folder / "data", "-p", self.port, "-k", self.folder, "-c", f"listen_addresses={HOST}"]
        with (self.folder / "log").open("ab") as log:
            command = [str(self.programs / "postgres"), *map(str, given)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self.who)
        ready = [str(self.programs / "pg_isready"), "-q", "-h", HOST, "-p", str(self.port)]
        _wait(lambda: subprocess.run(ready, check=False).returncode == 0)

    def stop(self) -> None:
        """End it as the end of its container does: connections are cut (a fast shutdown)."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)

    def run(self, command: Sequence[str]) -> None:
        """Run one of PostgreSQL's programs against this server. Raises CalledProcessError."""
        here = {"PGHOST": HOST, "PGPORT": str(self.port), "PATH": f"{self.programs}:{os.environ['PATH']}"}
        subprocess.run(command, env={**os.environ, **here}, check=True, stdout=subprocess.DEVNULL)

    def sql(self, text: str) -> str:
        command = [self.programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", HOST, "-p", str(self.port)]
        return subprocess.run(
            [*map(str, command), "-U", "keeper", "postgres"], input=text, env={**os.environ, "PGPASSWORD": PASSWORD},
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server in a folder of its own; as root it runs as another user, as PostgreSQL demands."""
    programs, port = postgres_programs(), free_port()
    who = _other_user() if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="landgauge-postgres-", dir="/tmp"))
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    if who:
        for path in (folder, folder / "password"):
            os.chown(path, who["user"], who["group"])
    data = folder / "data"
    initdb = [programs / "initdb", "-D", data, "-U", "keeper", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"]
    make = [*map(str, initdb), "--no-sync", f"--pwfile={folder}/password"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd=folder, **who)
    server = Postgres(port, programs, folder, who)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> dict[str, int | list[int]]:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("no user but root to run PostgreSQL")


def _wait(ready, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError("the server did not start")
        time.sleep(0.05)
