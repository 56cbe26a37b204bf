"""The job of the benchmarks: engines agree, and what a killed run has finished stands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks.job import answer, data, workload
from benchmarks.plan import Plan
from benchmarks.record import ROOT
from benchmarks.sizes import Size

SMALL = Size(parcels=200, enterprises=2_000, years=5)
BY_YEAR = Size(parcels=50, enterprises=500, years=3, yearly_files=True)


def plan(folder: Path, size: Size, engines: tuple[str, ...]) -> Plan:
    return Plan("small", size, 1, "400MB", 2, engines, folder, folder / "no_peers")


def test_engines_agree_on_every_count_and_sum(tmp_path: Path) -> None:
    rows = list(workload.run(plan(tmp_path, SMALL, ("bare", "ruled", "landgauge", "pandas"))))
    assert [row["engine"] for row in rows] == ["bare", "ruled", "landgauge", "pandas"]
    assert len({row["checksum"] for row in rows}) == 1
    assert all(row["cpu_seconds"] > 0 and row["peak_mb"] > 10 for row in rows)
    found = answer.answer(tmp_path / "job" / "small_bare")
    # 200 parcels in 5 years, of which a tenth stands empty; of 10,000 rows 20 break a rule
    assert (found["parcel_year.rows"], found["parcel_year.n_output_cny10k"]) == (1_000, 900)
    assert found["parcel_year.enterprises"] == 9_980
    with duckdb.connect(str(tmp_path / "job" / "small_ruled" / "ruled.duckdb"), read_only=True) as con:
        refused = con.execute("select broken, count(*) from refused group by all order by all").fetchall()
    assert refused == [("range:output_cny10k", 10), ("required:employees", 10)]
    with duckdb.connect(str(tmp_path / "job" / "small_landgauge" / "landgauge.duckdb"), read_only=True) as con:
        rules = "select rule_code, count(*) from quarantine.finding group by all order by all"
        assert con.execute(rules).fetchall() == [
            ("duplicate:uscc+year", 100), ("range:output_cny10k", 10), ("required:employees", 10),
        ]  # fmt: skip


def test_an_answer_that_differs_ends_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(({"rows": 5.0, "score": 1.0}, {"rows": 5.0, "score": 1.0 + 1e-8}))
    monkeypatch.setattr(workload.data, "write", lambda *given: None)
    monkeypatch.setattr(workload, "_run", lambda *given: {})
    monkeypatch.setattr(workload.answer, "answer", lambda folder: next(answers))
    with pytest.raises(SystemExit, match="landgauge differs in score"):
        list(workload.run(plan(tmp_path, SMALL, ("bare", "landgauge"))))


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    given = plan(tmp_path, BY_YEAR, ("bare", "landgauge"))
    source = tmp_path / "data" / "small"
    data.write(source, BY_YEAR)
    for engine in given.engines:
        kill_after_first_year(engine, source, tmp_path / "job" / f"small_{engine}")
    rows = list(workload.run(given))  # which compares the answers
    assert [row["resumed"][:1] for row in rows] == [["2022"], ["2022"]]
    found = answer.answer(tmp_path / "job" / "small_landgauge")
    # 50 parcels and 500 enterprises in each of 3 years; the one with an output below 0 is refused
    assert (found["parcel_year.rows"], found["parcel_year.enterprises"]) == (150, 1_497)


def kill_after_first_year(engine: str, source: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.job.step", engine, "50", "500", "3", "1", str(source), str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "kept 2022\n"
        os.kill(process.pid, signal.SIGKILL)
