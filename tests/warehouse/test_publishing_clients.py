"""Publishing while others read, and dying while publishing: `make test-publishing` (docs/publishing.md)."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import tiny_city

from landgauge.errors import StageFailed
from warehouse.publish import publish

pytestmark = pytest.mark.acceptance
HERE = Path(__file__).parent
PUBLISHES, KILLS = 100, 80
READERS = ("cli", "cli", "sqlalchemy", "parquet")
# what changes the disk: a publication is killed before and after each of these
OPERATIONS = ("fsync", "link", "mkdir", "rename", "replace", "rmdir", "symlink", "unlink")


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Callable[[], list[list[dict[str, Any]]]]]:
    """Four readers that run; the function ends them and returns what each saw."""
    published, stop, queries = tmp_path / "city" / "published", tmp_path / "stop", tmp_path / "queries.json"
    tiny_city.publish_run(tmp_path / "city", 1, year=2023)
    tiny_city.publish_run(tmp_path / "city", 2)
    files = {name: f"'FOLDER/{name}/*.parquet'" for name in ("fct_run", "dim_parcel", "fct_parcel_year")}
    queries.write_text(json.dumps({"snapshot": tiny_city.IN_SNAPSHOT, "parquet": tiny_city.LOOK.format(**files)}))
    python = Path(os.environ["CLIENTS"], "bin", "python").absolute()
    outputs = [tmp_path / f"{number}.jsonl" for number in range(len(READERS))]
    started = []
    for kind, output in zip(READERS, outputs, strict=True):
        with output.open("w") as handle:
            command = [python, HERE / "reader.py", kind, published, queries, stop]
            started.append(subprocess.Popen(list(map(str, command)), stdout=handle, stderr=subprocess.STDOUT))

    def end() -> list[list[dict[str, Any]]]:
        stop.touch()
        assert [process.wait(60) for process in started] == [0] * len(started)
        return [[json.loads(line) for line in output.read_text().splitlines()] for output in outputs]

    yield end
    for process in started:
        process.kill()
        process.wait()


def test_a_hundred_publications_while_four_clients_read(readers, tmp_path: Path) -> None:
    """No client sees an error, a mixed state, or an older state after a newer one."""
    for number in range(3, 3 + PUBLISHES):
        tiny_city.publish_run(tmp_path / "city", number)
    time.sleep(1)
    for kind, looks in zip(READERS, readers(), strict=True):
        assert [look for look in looks if "error" in look] == [], kind
        numbers = [tiny_city.check(look["row"]) for look in looks]
        assert numbers == sorted(numbers), kind
        assert numbers[-1] == 2 + PUBLISHES and len(set(numbers)) > PUBLISHES / 10, (kind, len(set(numbers)))
        print(f"{kind}: {len(numbers)} looks, {len(set(numbers))} states")


def in_child(work: Callable[[], None]) -> int:
    """Do the work in a process group of its own; return the group's id."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def killed_at_random(folder: Path, rng: random.Random, seconds: float) -> bool:
    """Publish in a child and kill its process group after a part of the time that publishing takes."""
    ready, begin = os.pipe()

    def work() -> None:
        os.write(begin, b"x")
        publish(tiny_city.settings_for(folder))

    child = in_child(work)
    os.read(ready, 1)
    os.close(ready)
    os.close(begin)
    time.sleep(rng.uniform(0, 1.2 * seconds))
    os.killpg(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def assert_whole(folder: Path, old: int, new: int) -> int:
    """What stands is wholly the old or wholly the new state, in every form."""
    snapshot, parquet = tiny_city.seen(folder)
    assert snapshot == parquet
    assert snapshot in (old, new)
    return snapshot


def assert_tidy(folder: Path) -> None:
    published = folder / "published"
    assert [p.name for p in published.rglob(".*")] == []
    states = sorted(p.name for p in (published / "kept").iterdir() if p.name != "current")
    assert len(states) <= 5
    names = {p.name for p in published.glob("*.duckdb") if p.name != "current.duckdb"}
    assert names <= {f"{state.split('-')[1]}.duckdb" for state in states}


def test_killed_at_any_moment_the_old_or_the_new_state_stands(tmp_path: Path) -> None:
    rng, folder, survived, old = random.Random(8), tmp_path / "city", 0, 2
    tiny_city.publish_run(folder, 1, year=2023)
    start = time.perf_counter()
    tiny_city.publish_run(folder, 2)
    seconds = time.perf_counter() - start
    for number in range(3, 3 + KILLS):
        tiny_city.build(tiny_city.settings_for(folder), number)
        killed = killed_at_random(folder, rng, seconds)
        stands = assert_whole(folder, old, number)
        assert killed or stands == number
        survived += stands == number
        old = stands
    assert 0 < survived < KILLS  # the moments cover the whole of publishing
    tiny_city.publish_run(folder, 3 + KILLS)
    assert assert_whole(folder, 3 + KILLS, 3 + KILLS)
    assert_tidy(folder)
    print(f"{KILLS} kills, {survived} after the switch")


def killed_at(folder: Path, moment: int) -> bool:
    """Publish in a child that kills itself at the n-th moment around an operation on the disk."""

    def work() -> None:
        left = [moment]

        def dying(operation: Callable[..., Any]) -> Callable[..., Any]:
            def step() -> None:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            def call(*args: Any, **more: Any) -> Any:
                step()
                result = operation(*args, **more)
                step()
                return result

            return call

        for name in OPERATIONS:
            setattr(os, name, dying(getattr(os, name)))
        publish(tiny_city.settings_for(folder))

    return os.WIFSIGNALED(os.waitpid(in_child(work), 0)[1])


def as_an_earlier_version_wrote_it(folder: Path) -> None:
    """Plain files instead of links."""
    published = folder / "published"
    shutil.copytree(published / "parquet", published / "plain")
    shutil.copy(published / "current.duckdb", published / "plain.duckdb")
    shutil.rmtree(published / "kept")
    for link in [*published.glob("0*.duckdb"), published / "parquet", published / "current.duckdb"]:
        link.unlink()
    (published / "plain").rename(published / "parquet")
    (published / "plain.duckdb").rename(published / "current.duckdb")


@pytest.mark.parametrize("plain", [False, True])
def test_killed_around_each_operation_on_the_disk(tmp_path: Path, plain: bool) -> None:
    """Of a published city, and of one that an earlier version published, whose Parquet folder is moved over once."""
    first, moment, gaps = tmp_path / "first", 0, 0
    tiny_city.publish_run(first, 1, year=2023)
    tiny_city.publish_run(first, 2)
    if plain:
        as_an_earlier_version_wrote_it(first)
    tiny_city.build(tiny_city.settings_for(first), 3)
    while True:
        folder = tmp_path / f"killed-{moment}"
        shutil.copytree(first, folder, symlinks=True)
        killed = killed_at(folder, moment)
        if (folder / "published" / "parquet").exists():
            assert assert_whole(folder, 2, 3) == 3 or killed
        else:
            gaps += 1
        publish(tiny_city.settings_for(folder))
        assert assert_whole(folder, 3, 3)
        assert_tidy(folder)
        shutil.rmtree(folder)
        if not killed:
            break
        moment += 1
    assert moment > 40
    assert gaps <= (2 if plain else 0)
    print(f"{moment} moments")


def test_a_full_disk_stops_the_stage_and_the_old_state_stands(tmp_path: Path) -> None:
    """In a process whose files may not grow: the snapshot, or already a Parquet file, does not fit."""
    import resource

    tiny_city.publish_run(tmp_path, 1, year=2023)
    tiny_city.publish_run(tmp_path, 2)
    tiny_city.build(tiny_city.settings_for(tmp_path), 3)

    def work(limit: int) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            publish(tiny_city.settings_for(tmp_path))
        except StageFailed:
            os._exit(3)

    size = (tmp_path / "published" / "current.duckdb").stat().st_size
    for limit in (1_000, size // 2, size - 1):
        assert os.waitstatus_to_exitcode(os.waitpid(in_child(partial(work, limit)), 0)[1]) == 3
        assert assert_whole(tmp_path, 2, 2)
        assert not list((tmp_path / "published").rglob(".building*"))
