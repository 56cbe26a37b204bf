"""Wrong calls end with a sentence and the right exit code, never with a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from landgauge.errors import STOPPED, WRONG_CALL
from landgauge.settings import Settings, year_end
from warehouse import lock


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "landgauge.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "usage"),
        (("evaluate",), "--warehouse"),
        (("evaluate", "--warehouse", "w", "--year", "24"), "not a year"),
        (("evaluate", "--warehouse", "w", "--year", "2024"), "--landing is missing"),
        (("evaluate", "--warehouse", "w", "--year", "2024", "--landing", "no-such-folder"), "not a folder"),
        (("evaluate", "--warehouse", "w", "--year", "2024", "--as-of", "2024-02-30"), "not a date"),
        (("demo", "--warehouse", "w", "--parcels", "0"), "1 or more"),
        (("query", "select 1", "--warehouse", "no-such-folder"), "nothing is published"),
        (("frobnicate",), "invalid choice"),
    ],
)
def test_a_wrong_call_is_explained(arguments: tuple[str, ...], said: str) -> None:
    done = call(*arguments)
    assert done.returncode == WRONG_CALL
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_does_not_write_over_real_data(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "real.csv").write_text("x", encoding="utf-8")
    done = call("demo", "--warehouse", tmp_path)
    assert done.returncode == WRONG_CALL
    assert "not generated" in done.stderr


def test_a_warehouse_that_is_being_written_says_by_whom(tmp_path: Path) -> None:
    settings = Settings(warehouse=tmp_path, year=2024, as_of=year_end(2024))
    with lock.writer(settings):
        done = call("publish", "--warehouse", tmp_path, "--year", "2024")
    assert done.returncode == STOPPED
    assert "being written by pid" in done.stderr


def snapshot(folder: Path) -> Path:
    (folder / "published").mkdir()
    with duckdb.connect(str(folder / "published" / "current.duckdb")) as con:
        con.execute(
            "create schema marts; create table marts.dim_parcel as "
            "select '宗地' as parcel_code, '\\xAA'::blob as geometry"
        )
    return folder


@pytest.mark.parametrize(
    ("form", "expected"),
    [("csv", "parcel_code,geometry\n宗地,aa\n"), ("json", '[{"parcel_code": "宗地", "geometry": "aa"}]\n')],
)
def test_query_formats(tmp_path: Path, form: str, expected: str) -> None:
    done = call("query", "from dim_parcel", "--warehouse", snapshot(tmp_path), "--format", form)
    assert (done.returncode, done.stdout) == (0, expected)


def test_a_wrong_query_is_explained(tmp_path: Path) -> None:
    done = call("query", "select nothing from nowhere", "--warehouse", snapshot(tmp_path))
    assert done.returncode == WRONG_CALL
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
