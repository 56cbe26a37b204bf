"""Faults made for real, one small process each: the exit code, one sentence, what to do, and the state that stands."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pytest

from ingestion import ledger, unchanged
from landgauge import faults
from landgauge.errors import STOPPED, StageFailed, WarehouseBusy
from tests.recovery.room import little_room
from tests.warehouse import tiny_city
from warehouse import lock

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from tests.warehouse.tiny_city import settings_for
from warehouse import lock
with lock.writer(settings_for(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""
ENDLESS = "select count(*) from range(10000000000000) as t(i) where i % 7 = hash(i) % 11"
HUGE = "select length(string_agg(repeat('x', 1000), '')) from range(100000000)"


def python(code: str, *arguments: str | Path, limit: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    """A Python process of its own in the project."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit,
    )  # fmt: skip


def landgauge(*arguments: str | Path, limit: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    """The command line in a process of its own."""
    return python("import sys; from landgauge.cli import main; sys.exit(main())", *arguments, limit=limit)


def told(process: subprocess.Popen[str]) -> str:
    """What a process that stopped told: two lines, and no traceback."""
    said = process.communicate(timeout=60)[1]
    assert process.returncode == STOPPED, said
    assert "Traceback" not in said
    lines = said.strip().splitlines()
    assert lines[-2 if len(lines) > 1 else -1].startswith("landgauge: "), said
    return said


@contextmanager
def holder(warehouse: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the warehouse."""
    with python(HOLD, warehouse) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_a_second_process_is_told_who_writes_and_goes_on_when_that_is_killed(tmp_path: Path) -> None:
    settings = tiny_city.settings_for(tmp_path)
    with holder(tmp_path) as other:
        with pytest.raises(
            WarehouseBusy, match=rf"by pid {other.pid} \(-c .*, year 2024, since 20.* UTC \(0:00:"
        ) as busy:
            lock.writer(settings).__enter__()
        assert "stopped" not in busy.value.message
        other.send_signal(signal.SIGSTOP)
        _wait(lambda: lock._is_stopped(other.pid))
        with pytest.raises(WarehouseBusy, match="That process is stopped") as stopped:
            lock.writer(settings).__enter__()
        assert f"kill -CONT {other.pid}" in stopped.value.next_step
        other.kill()
        other.wait()
        with lock.writer(settings):
            assert f"pid {os.getpid()}" in (tmp_path / lock.FILE).read_text(encoding="utf-8")


def test_what_another_machine_left_in_the_lock_file_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / lock.FILE).write_text("pid 1 (landgauge evaluate) on elsewhere, year 2020", encoding="utf-8")
    with lock.writer(tiny_city.settings_for(tmp_path)):
        pass
    assert (tmp_path / lock.FILE).read_text(encoding="utf-8") == ""


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 60  # a bound for a hang, not for a busy machine
    while not until():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_full_disk_ends_with_a_sentence_and_room_is_all_that_is_needed(tmp_path: Path) -> None:
    with little_room(tmp_path / "small") as room:
        tiny_city.publish_run(room.folder, 1, 2023)
        tiny_city.publish_run(room.folder, 2)
        tiny_city.build(tiny_city.settings_for(room.folder), 3)
        publishing = ("publish", "--warehouse", room.folder, "--year", "2024")
        room.fill()
        said = told(landgauge(*publishing, limit=room.limit))
        assert "the disk is full" in said
        assert "Make room" in said
        assert tiny_city.seen(room.folder) == (2, 2)
        room.widen()
        done = landgauge(*publishing)
        assert done.communicate(timeout=60)[0] == "" and done.returncode == 0
        assert tiny_city.seen(room.folder) == (3, 3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_ends_a_run_is_told_so(tmp_path: Path, number: signal.Signals) -> None:
    tiny_city.publish_run(tmp_path, 1, 2023)
    heard = partial(signal.signal, number, signal.SIG_DFL)  # whoever runs the tests may ignore it (nohup)
    asking = landgauge("query", ENDLESS, "--warehouse", tmp_path, limit=heard)
    try:
        _wait(lambda: _handles(asking.pid, number))
        asking.send_signal(number)
        assert f"ended by {number.name}; what was published stands" in told(asking)
    finally:
        asking.kill()  # it would ask for hours


def _handles(pid: int, number: signal.Signals) -> bool:
    caught = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def test_a_hangup_that_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with faults.ended_by() as came:
            os.kill(os.getpid(), signal.SIGHUP)
        assert came == []
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_too_little_memory_ends_with_a_sentence(tmp_path: Path) -> None:
    tiny_city.publish_run(tmp_path, 1, 2023)

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

    said = told(landgauge("query", HUGE, "--warehouse", tmp_path, limit=little))
    assert "landgauge: out of memory" in said
    assert "--memory-limit" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "the disk is full"),
        (OSError(27, "File too large"), "the disk is full"),
        (StageFailed("dbt layer indicators failed: m: IO Error: ... No space left on device"), "the disk is full"),
        (MemoryError(), "out of memory: MemoryError"),
        (StageFailed("dbt layer indicators failed: m: Out of Memory Error: could not allocate"), "out of memory"),
        (duckdb.OutOfMemoryException("x"), "out of memory"),
    ],
)
def test_a_lack_is_found_wherever_it_is_said(error: Exception, said: str) -> None:
    found = faults.lacking(error)
    assert found is not None and said in found.message
    try:
        raise RuntimeError("a library's own") from error
    except RuntimeError as wrapped:
        assert faults.lacking(wrapped) is not None


def test_other_faults_are_no_lack() -> None:
    assert faults.lacking(ValueError("memory")) is None


def test_publications_stay_in_order_when_the_clock_was_set_back(tmp_path: Path) -> None:
    tiny_city.publish_run(tmp_path, 1, 2023)
    settings = tiny_city.settings_for(tmp_path)
    future = datetime.now() + timedelta(days=400)
    with duckdb.connect(str(settings.snapshot.resolve())) as con:
        con.execute("update marts.fct_run set published_at = ?", [future])
    for number in (2, 3):
        tiny_city.publish_run(tmp_path, number)
    with duckdb.connect(str(settings.snapshot), read_only=True) as con:
        found = con.execute("select run_id::integer, published_at from marts.fct_run order by published_at").fetchall()
    assert [number for number, _ in found] == [1, 2, 3]
    assert future == found[0][1] < found[1][1] < found[2][1]


def test_loads_stay_in_order_when_the_clock_was_set_back() -> None:
    future = datetime.now() + timedelta(days=400)
    with duckdb.connect() as con:
        con.execute("create schema ledger")
        con.execute(
            "create table ledger.load as select ?::timestamp as recorded_at, null::timestamp superseded_at", [future]
        )
        assert ledger.recording_time(con, None) == future


def test_a_working_file_that_does_not_say_what_is_settled_is_settled_anew() -> None:
    with duckdb.connect() as con:
        assert not unchanged.is_settled(con, 2024, "{}")
