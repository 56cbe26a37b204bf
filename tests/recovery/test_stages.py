"""Each stage of a generated city ended by a signal, and on a full disk; then done again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from landgauge.errors import STOPPED
from tests.recovery import children, states, values
from tests.recovery.room import little_room
from tests.recovery.states import STAGES, YEAR, States

pytestmark = pytest.mark.acceptance
# Less than the stage is sure to need; the others write to the working file.
LITTLE_MB = {"ingest": 0.05, "check": 0.05, "report": 0.5}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> States:
    children.import_all()
    given = os.environ.get("LANDGAUGE_STATES")  # made before, while one works on these tests
    return states.of(Path(given) if given else tmp_path_factory.mktemp("states") / "saved", 1, print)


@pytest.fixture
def city(saved: States, tmp_path: Path, stage: str) -> Iterator[Path]:
    states.copy(saved.folder / f"before-{stage}", tmp_path / "city")
    yield tmp_path / "city"


def command(stage: str, warehouse: Path, saved: States, *more: str) -> list[str]:
    return [stage, "--warehouse", str(warehouse), "--landing", str(saved.landing), "--year", str(YEAR), *more]


def stopped(code: int | None, log: Path, said: str) -> None:
    """It ended with exit code 3 and this in a sentence, and with no traceback."""
    text = log.read_text(encoding="utf-8")
    assert code == STOPPED, text
    assert "Traceback" not in text
    sentences = [line for line in text.splitlines() if line.startswith("landgauge: ")]
    assert len(sentences) == 1 and said in sentences[0], text[-3000:]


def readers_see(warehouse: Path, expected: dict[str, values.Values]) -> None:
    published = warehouse / "published"
    assert children.apart(values.of_snapshot, published / "current.duckdb") == expected["snapshot"]
    assert children.apart(values.of_parquet, published / "parquet") == expected["parquet"]


def completes(stage: str, warehouse: Path, saved: States, log: Path) -> None:
    """The stage done again, and all after it, give what an undisturbed run gives."""
    for name in STAGES[STAGES.index(stage) :]:
        assert children.done(command(name, warehouse, saved), log) in (0, 1), log.read_text(encoding="utf-8")[-3000:]
    expected = saved.values("evaluated")
    found = children.apart(values.of_warehouse, warehouse)
    flat = {f"{kind} {name}": value for kind, of in expected.items() for name, value in of.items()}
    assert values.differences(flat, found) == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_full_disk(saved: States, stage: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with little_room(tmp_path / "small") as room:
        warehouse = room.folder / "city"
        states.copy(saved.folder / f"before-{stage}", warehouse)
        room.fill(LITTLE_MB.get(stage, 0.3))
        stopped(children.done(command(stage, warehouse, saved), log, room.limit or (lambda: None)), log, "disk is full")
        readers_see(warehouse, saved.values("evaluated" if stage == "report" else "before-ingest"))
        room.widen()
        completes(stage, warehouse, saved, tmp_path / "again")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("stage", STAGES)
def test_ended_by_a_signal(saved: States, stage: str, number: signal.Signals, city: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    pid = children.start(command(stage, city, saved), log)
    _began(stage, log)
    time.sleep(0.4 * saved.seconds[stage])
    os.kill(pid, number)
    start = time.monotonic()
    stopped(children.ended(pid), log, f"ended by {number.name}")
    assert time.monotonic() - start < 30
    assert children.done(command(stage, city, saved), tmp_path / "again") in (0, 1)


def _began(stage: str, log: Path) -> None:
    end = time.monotonic() + 60
    while not log.is_file() or f"{YEAR} {stage} …" not in log.read_text(encoding="utf-8"):
        assert time.monotonic() < end
        time.sleep(0.02)
