"""PostgreSQL goes away while the marts are loaded: a sentence, the old marts, and a repeat that works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from landgauge.errors import STOPPED
from warehouse.serving.load import serve

pytestmark = pytest.mark.acceptance
BIG = "insert into marts.fct_score select 'parcel', 'P' || range, 2024, random() from range({})"


def published(snapshot: Path, warehouse: Path, rows: int) -> Path:
    """A warehouse whose snapshot takes some seconds to load."""
    (warehouse / "published").mkdir(parents=True)
    path = Path(shutil.copy(snapshot, warehouse / "published" / "current.duckdb"))
    with duckdb.connect(str(path)) as con:
        con.execute(BIG.format(rows))
    return warehouse


def loading(warehouse: Path, address: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "landgauge.cli", "serve", "--warehouse", str(warehouse), "--to", address]
    here = os.environ | {"PYTHONPATH": str(Path.cwd())}
    return subprocess.Popen(command, env=here, stderr=subprocess.PIPE, text=True)


def test_a_restart_in_the_middle_leaves_the_old_marts_and_a_repeat_loads(serving, snapshot, tmp_path):
    address = serving.database("restarted")
    serve(snapshot, address)
    warehouse = published(snapshot, tmp_path / "city", 2_000_000)
    load = loading(warehouse, address)
    copying = "select count(*) from pg_stat_activity where application_name = 'landgauge serve' and query ilike 'copy%'"
    while serving.server.sql(copying).strip() == "0":
        assert load.poll() is None, load.stderr.read()
        time.sleep(0.05)
    serving.server.stop()
    said = load.communicate(timeout=60)[1]
    serving.server.start()
    assert load.returncode == STOPPED, said
    assert said.startswith("landgauge: PostgreSQL ")
    assert "Traceback" not in said and "repeat" in said.splitlines()[-1]
    count = "select count(*) from marts.fct_score"
    with serving.open("keeper", "restarted") as con:
        assert con.execute(count).fetchone() == (9,)
        assert con.execute("select count(*) from pg_namespace where nspname = 'marts_building'").fetchone() == (0,)
    again = loading(warehouse, address)
    assert (again.communicate(timeout=120)[1], again.returncode)[1] == 0
    with serving.open("keeper", "restarted") as con:
        assert con.execute(count).fetchone() == (2_000_009,)


def test_a_server_that_is_away_is_told_so(serving, snapshot, tmp_path):
    address = serving.database("away")
    warehouse = published(snapshot, tmp_path / "city", 1)
    serving.server.stop()
    load = loading(warehouse, address)
    said = load.communicate(timeout=60)[1]
    serving.server.start()
    assert load.returncode == STOPPED
    assert said.startswith("landgauge: PostgreSQL cannot be reached")
    assert "Traceback" not in said
