"""A warehouse with one hand-made year, built once by dbt as the build stage does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import hand_made
import pytest

from landgauge.settings import DBT_PROJECT
from warehouse.db import install_extensions


class DbtRun:
    """dbt in a process of its own on one warehouse file; `project` may be a copy of the dbt project."""

    def __init__(self, folder: Path, project: Path = DBT_PROJECT) -> None:
        self.folder = folder
        self.project = project
        self.database = folder / "warehouse.duckdb"

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        variables = json.dumps({"year": hand_made.YEAR, "as_of": hand_made.AS_OF, "run_id": hand_made.RUN_ID})
        command = [sys.executable, "-m", "dbt.cli.main", *arguments, "--no-use-colors", "--vars", variables]
        command += ["--project-dir", str(self.project), "--profiles-dir", str(self.project)]
        command += ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs")]
        environment = os.environ | {
            "LANDGAUGE_DATABASE": str(self.database),
            "LANDGAUGE_SCRATCH": str(self.folder / "scratch.duckdb"),
            "LANDGAUGE_EXTENSIONS": str(install_extensions()),
            "LANDGAUGE_THREADS": "2",
            "LANDGAUGE_MEMORY": "",
        }
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.database), read_only=True) as con:
            return con.execute(sql).fetchall()


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> DbtRun:
    """The built warehouse: layers indicators, contracts and publication with their data tests."""
    run = DbtRun(tmp_path_factory.mktemp("dbt"))
    hand_made.write(run.database)
    layers = ("tag:indicators", "tag:contracts", "tag:publication")
    done = run("build", "--select", *layers, "--exclude-resource-type", "unit_test")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return run
