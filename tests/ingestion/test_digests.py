"""A file is known without being read only where nobody can have touched it since it was read."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion import digests
from ingestion.digests import FILE, Digests
from landgauge.settings import Settings, year_end

MINUTE_NS = 60 * 10**9


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "w").mkdir()
    return Settings(warehouse=tmp_path / "w", year=2024, as_of=year_end(2024))


@pytest.fixture
def landed(tmp_path: Path) -> Path:
    path = tmp_path / "energy.csv"
    path.write_bytes(b"one")
    return path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read, in order."""
    found: list[str] = []
    original = hashlib.file_digest

    def spied(handle: object, name: str) -> object:
        found.append(Path(handle.name).name)
        return original(handle, name)

    monkeypatch.setattr(digests.hashlib, "file_digest", spied)
    return found


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two minutes after the files were written."""
    now = time.time_ns() + 2 * MINUTE_NS
    monkeypatch.setattr(digests.time, "time_ns", lambda: now)


def look(settings: Settings, path: Path) -> str:
    known = Digests(settings)
    digest = known.of(path)
    known.save()
    return digest


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_left_alone_is_read_once(settings: Settings, landed: Path, read: list[str], later: None) -> None:
    assert [look(settings, landed) for _ in range(3)] == [sha(b"one")] * 3
    assert read == ["energy.csv"]


def test_a_file_written_a_moment_ago_is_read_again(settings: Settings, landed: Path, read: list[str]) -> None:
    assert [look(settings, landed) for _ in range(2)] == [sha(b"one")] * 2
    assert read == ["energy.csv"] * 2
    assert not (settings.warehouse / FILE).exists()


def _same_size_and_time(path: Path) -> None:
    was = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def _another_in_its_place(path: Path) -> None:
    was, other = path.stat(), path.with_name("other")
    other.write_bytes(b"two")
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [_same_size_and_time, _another_in_its_place])
def test_a_change_that_keeps_size_and_time_is_seen(
    settings: Settings, landed: Path, later: None, change: Callable[[Path], None]
) -> None:
    assert look(settings, landed) == sha(b"one")
    change(landed)
    assert look(settings, landed) == sha(b"two")


@pytest.mark.usefixtures("later")
def test_a_time_that_has_not_come_is_not_believed(settings: Settings, landed: Path, read: list[str]) -> None:
    ahead = time.time_ns() + 60 * MINUTE_NS
    os.utime(landed, ns=(ahead, ahead))
    assert [look(settings, landed) for _ in range(2)] == [sha(b"one")] * 2
    assert read == ["energy.csv"] * 2


def test_what_changes_while_it_is_read_is_not_remembered(
    settings: Settings, landed: Path, later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = hashlib.file_digest

    def written_meanwhile(handle: object, name: str) -> object:
        digest = original(handle, name)
        landed.write_bytes(b"two")
        return digest

    with monkeypatch.context() as patched:
        patched.setattr(digests.hashlib, "file_digest", written_meanwhile)
        look(settings, landed)
    assert not (settings.warehouse / FILE).exists()
    assert look(settings, landed) == sha(b"two")


@pytest.mark.parametrize("content", ["", "[", "[]", '{"a": 1}', '{"a": [null, "b"]}', "null"])
def test_a_damaged_memory_is_none(settings: Settings, landed: Path, content: str) -> None:
    (settings.warehouse / FILE).write_text(content, encoding="utf-8")
    assert look(settings, landed) == sha(b"one")


def test_memory_ends_with_its_file(settings: Settings, landed: Path, read: list[str], later: None) -> None:
    look(settings, landed)
    other = landed.with_name("taxes.csv")
    other.write_bytes(b"t")
    landed.unlink()
    look(settings, other)
    assert "energy.csv" not in (settings.warehouse / FILE).read_text(encoding="utf-8")
    digests.forget(settings)
    look(settings, other)
    assert read == ["energy.csv", "taxes.csv", "taxes.csv"]


def test_a_memory_that_cannot_be_written_stops_nothing(settings: Settings, landed: Path, later: None) -> None:
    (settings.warehouse / f"{FILE}.part").mkdir()
    assert look(settings, landed) == sha(b"one")
