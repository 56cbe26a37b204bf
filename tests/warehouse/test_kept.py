"""Which publications are kept, how readers reach them, and what becomes of one that fails."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import duckdb
import pytest
import tiny_city

from landgauge.errors import ConfigurationError, StageFailed
from warehouse import kept
from warehouse.publish import publish


def snapshots(folder: Path) -> list[int]:
    """The runs whose snapshots stand, each holding what its name says."""
    found = sorted(p for p in (folder / "published").glob("*.duckdb") if p.name != "current.duckdb")
    for path in found:
        with duckdb.connect(str(path), read_only=True) as con:
            newest = con.execute("select run_id from marts.fct_run order by published_at desc limit 1").fetchone()
        assert newest == (path.stem,)
    return [int(path.stem) for path in found]


def test_the_newest_two_of_each_year_are_kept_with_their_parquet_files(tmp_path: Path) -> None:
    for number, year in ((1, 2023), (2, 2023), (3, 2023), (4, 2024), (5, 2024), (6, 2024), (7, 2024)):
        tiny_city.publish_run(tmp_path, number, year)
    assert snapshots(tmp_path) == [2, 3, 6, 7]
    states = sorted(p.name for p in kept.folder(tiny_city.settings_for(tmp_path)).iterdir())
    assert states == [f"{n:06d}-{n:016d}" for n in (2, 3, 6, 7)] + ["current"]
    assert tiny_city.seen(tmp_path) == (7, 7)


def test_the_current_one_is_kept_whatever_its_year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDGAUGE_KEPT_SNAPSHOTS", "1")
    for number, year in ((1, 2023), (2, 2024), (3, 2024), (4, 2023)):
        tiny_city.publish_run(tmp_path, number, year)
    assert snapshots(tmp_path) == [3, 4]


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "²"])
def test_a_wrong_number_is_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("LANDGAUGE_KEPT_SNAPSHOTS", value)
    with pytest.raises(ConfigurationError, match="LANDGAUGE_KEPT_SNAPSHOTS"):
        publish(tiny_city.settings_for(tmp_path))
    assert not list(tmp_path.iterdir())


def test_who_reads_the_parquet_files_of_one_state_can_finish(tmp_path: Path) -> None:
    tiny_city.publish_run(tmp_path, 1, 2023)
    tiny_city.publish_run(tmp_path, 2)
    state = kept.parquet_folder(tiny_city.settings_for(tmp_path))
    before = {p.name: p.read_bytes() for p in state.glob("dim_parcel/*")}
    publish(tiny_city.settings_for(tmp_path))  # the same run again: its snapshot is another from now on
    assert {p.name: p.read_bytes() for p in state.glob("dim_parcel/*")} == before
    tiny_city.publish_run(tmp_path, 3)
    assert tiny_city.seen(tmp_path) == (3, 3)


def test_years_that_did_not_change_are_the_same_files(tmp_path: Path) -> None:
    tiny_city.publish_run(tmp_path, 1, 2023)
    first = kept.parquet_folder(tiny_city.settings_for(tmp_path)) / "dim_parcel" / "2023.parquet"
    tiny_city.publish_run(tmp_path, 2)
    second = kept.parquet_folder(tiny_city.settings_for(tmp_path)) / "dim_parcel" / "2023.parquet"
    assert first != second and first.samefile(second)


def test_without_hard_links_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    tiny_city.publish_run(tmp_path, 1, 2023)
    tiny_city.publish_run(tmp_path, 2)
    assert tiny_city.seen(tmp_path) == (2, 2)


def test_a_copied_warehouse_without_links_goes_on(tmp_path: Path) -> None:
    """As an earlier version published it, or as a tool that follows links copied it."""
    tiny_city.publish_run(tmp_path / "a", 1, 2023)
    tiny_city.publish_run(tmp_path / "a", 2)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert not [p for p in (tmp_path / "b").rglob("*") if p.is_symlink()]
    tiny_city.publish_run(tmp_path / "b", 3)
    assert tiny_city.seen(tmp_path / "b") == (3, 3)
    assert snapshots(tmp_path / "b") == [1, 2, 3]


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EOPNOTSUPP])
def test_a_file_is_copied_where_the_kernel_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    (tmp_path / "old").write_bytes(b"0123456789" * 100_000)
    kept.copy(tmp_path / "old", tmp_path / "new")
    monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    kept.copy(tmp_path / "old", tmp_path / "newer")
    assert (tmp_path / "new").read_bytes() == (tmp_path / "newer").read_bytes() == (tmp_path / "old").read_bytes()


@pytest.mark.parametrize("operation", ["fsync", "rename", "replace"])
def test_an_operation_that_fails_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    tiny_city.publish_run(tmp_path, 1, 2023)
    tiny_city.publish_run(tmp_path, 2)
    tiny_city.build(tiny_city.settings_for(tmp_path), 3)
    with monkeypatch.context() as patch:
        patch.setattr(os, operation, _full)
        with pytest.raises(StageFailed, match="No space left"):
            publish(tiny_city.settings_for(tmp_path))
    assert tiny_city.seen(tmp_path) == (2, 2)
    publish(tiny_city.settings_for(tmp_path))
    assert tiny_city.seen(tmp_path) == (3, 3)
    assert not list((tmp_path / "published").rglob(".*"))


def _full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_what_cannot_be_removed_is_a_complaint_of_a_published_year(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, year in ((1, 2023), (2, 2024), (3, 2024)):
        tiny_city.publish_run(tmp_path, number, year)
    tiny_city.build(tiny_city.settings_for(tmp_path), 4)
    monkeypatch.setattr(shutil, "rmtree", _full)
    complaints = publish(tiny_city.settings_for(tmp_path)).complaints
    assert len(complaints) == 1 and "2024 is published" in complaints[0]
    assert tiny_city.seen(tmp_path) == (4, 4)
