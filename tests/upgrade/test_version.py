"""A working file of an earlier version is brought up to date once, whole; one of a newer version is refused."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from landgauge import cli
from landgauge.doctor.findings import FAULT, Installation
from landgauge.doctor.stored import working_file
from landgauge.errors import DONE, STOPPED, StageFailed
from landgauge.settings import Settings, year_end
from warehouse import db, upgrade

from .kept_warehouse import EVALUATED, unpack

MARK = upgrade.TABLE
ROOT = Path(__file__).resolve().parents[2]
KILLED = """
import os, signal, sys, duckdb
from warehouse import upgrade
con = duckdb.connect(sys.argv[1])
con.create_function("die", lambda: os.kill(os.getpid(), signal.SIGKILL), [], "INTEGER", side_effects=True)
upgrade._STEPS[1]["ledger.load"] += ("select die()",)
upgrade.prepare(con)
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(tmp_path_factory.mktemp("kept"))


def settings_of(folder: Path) -> Settings:
    return Settings(folder, EVALUATED, year_end(EVALUATED), threads=1)


def old_ledger(path: Path) -> None:
    """A ledger of the first version: two loads, the second in the place of the first, no history."""
    with duckdb.connect(str(path)) as con:
        con.execute("create schema ledger")
        con.execute(
            "create table ledger.load as select * from (values (1, timestamp '2024-03-01', 2), "
            "(2, timestamp '2024-04-01', null)) as t(load_id, loaded_at, superseded_by)"
        )


def test_earlier_versions_look_like_it(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {p: p.stat().st_mtime_ns for p in kept.rglob("*")}
    assert cli.main(["status", "--warehouse", str(kept)]) == DONE
    assert f"  {EVALUATED}  provisional" in capsys.readouterr().out
    assert cli.main(["query", "select count(*) from dim_parcel", "--warehouse", str(kept), "--format", "csv"]) == DONE
    assert int(capsys.readouterr().out.splitlines()[1]) > 50
    assert {p: p.stat().st_mtime_ns for p in kept.rglob("*")} == before


def test_the_kept_warehouse_is_brought_up_to_date(kept: Path) -> None:
    with duckdb.connect(str(kept / "warehouse.duckdb"), read_only=True) as con:
        assert upgrade.version(con) == 0
        loads = con.execute("select load_id, file_sha256, state from ledger.load order by load_id").fetchall()
    for _ in range(2):
        with db.connect(settings_of(kept)) as con:
            assert upgrade.version(con) == upgrade.VERSION
            assert con.execute("select count(*) from ledger.load where recorded_at is null").fetchone() == (0,)
            sql = "select load_id, file_sha256, state from ledger.load order by load_id"
            assert con.execute(sql).fetchall() == loads


def test_history_begins_with_what_is_known(tmp_path: Path) -> None:
    old_ledger(tmp_path / "warehouse.duckdb")
    with db.connect(settings_of(tmp_path)) as con:
        sql = "select recorded_at = loaded_at, superseded_at::varchar, former_state from ledger.load order by load_id"
        assert con.execute(sql).fetchall() == [(True, "2024-04-01 00:00:00", None), (True, None, None)]


def test_a_kill_within_the_last_step_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    old_ledger(path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    with duckdb.connect(str(path), read_only=True) as con:
        assert upgrade.version(con) == 0
        assert "recorded_at" not in {name for name, *_ in con.execute("describe ledger.load").fetchall()}
    with db.connect(settings_of(tmp_path)) as con:
        assert upgrade.version(con) == upgrade.VERSION


def test_only_looking_changes_nothing(tmp_path: Path) -> None:
    old_ledger(tmp_path / "warehouse.duckdb")
    with db.connect(settings_of(tmp_path), read_only=True) as con:
        assert upgrade.version(con) == 0


def test_a_newer_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with db.connect(settings_of(tmp_path)) as con:
        con.execute(f"update {MARK} set version = {upgrade.VERSION + 1}")
    for read_only in (False, True):
        with pytest.raises(StageFailed, match="newer version"), db.connect(settings_of(tmp_path), read_only=read_only):
            pass
    for command in (["returns"], ["restate", "--as-of", "2025-01-01"]):
        assert cli.main([*command, "--warehouse", str(tmp_path), "--year", "2024"]) == STOPPED
        assert "newer version of Landgauge" in capsys.readouterr().err
    (finding,) = working_file(Installation(datetime(2025, 1, 1), tmp_path, None))
    assert finding.level == FAULT
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as con:
        assert upgrade.version(con) == upgrade.VERSION + 1
