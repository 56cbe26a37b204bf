"""What Airflow is held against: the same orders by `landgauge`, one process each."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.orchestration.deployment import Deployment, no_repository

YEARS = (2022, 2023, 2024)
FIRST, LAST = YEARS[0], YEARS[-1]


class ByCommand:
    """The same orders by command line in a warehouse of its own."""

    def __init__(self, deployment: Deployment, programs: Path) -> None:
        """Use the packages in `programs`, and the code and landing area of the deployment."""
        self.warehouse, self._from, self._programs = deployment.folder / "by_command", deployment, programs
        self.seconds: dict[int, float] = {}

    def evaluate(self, year: int) -> None:
        began = time.monotonic()
        self._run("evaluate", year, "--landing", str(self._from.landing))
        self.seconds.setdefault(year, time.monotonic() - began)

    def approve(self, year: int, name: str) -> None:
        self._run("publish", year, "--approved-by", name)
        self._run("report", year)

    def _run(self, command: str, year: int, *more: str) -> None:
        call = [
            self._programs / "python",
            "-m",
            "landgauge.cli",
            command,
            "--warehouse",
            self.warehouse,
            "--year",
            year,
        ]
        environment = os.environ | {"PYTHONPATH": str(self._from.code)} | no_repository(self._from.code)
        done = subprocess.run([*map(str, call), *more], env=environment, cwd=self._from.folder, capture_output=True)
        assert done.returncode in (0, 1), done.stderr.decode()[-3000:]
