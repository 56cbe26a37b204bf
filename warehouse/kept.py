"""The publications that are kept, and which of them readers see.

`published/kept/<number>-<run_id>/` holds one publication whole: `warehouse.duckdb` and `parquet/`. `kept/current` is a
symbolic link to one of them. `published/current.duckdb` and `published/parquet` lead through it, so that one rename
changes both. `published/<run_id>.duckdb` leads to the newest publication of a run.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

import duckdb

from landgauge.errors import ConfigurationError
from landgauge.settings import KEPT_SNAPSHOTS, Settings

SNAPSHOT = "warehouse.duckdb"
PARQUET = "parquet"
_BUILDING = ".building"
_AT_ONCE = 1 << 30
_CANNOT = (errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)  # this file system, or system


def folder(settings: Settings) -> Path:
    """Return where publications are kept."""
    return settings.published / "kept"


def parquet_folder(settings: Settings) -> Path:
    """Return the Parquet folder of the state that readers see now; it stands as long as that state is kept."""
    return (settings.published / PARQUET).resolve()


def snapshots_of_a_year() -> int:
    """Return how many snapshots of each year's runs are kept: LANDGAUGE_KEPT_SNAPSHOTS, else the usual number.

    Raises ConfigurationError where it is no whole number from 1 on.
    """
    text = os.environ.get("LANDGAUGE_KEPT_SNAPSHOTS", "").strip()
    if text and (not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < 1):
        raise ConfigurationError(
            f"LANDGAUGE_KEPT_SNAPSHOTS={text!r} is no whole number from 1 on", "Give a number, or leave it unset."
        )
    return int(text) if text else KEPT_SNAPSHOTS


def begin(settings: Settings) -> Path:
    """Clear what a publication left that did not end, and return an empty folder for a new one.

    What stands in `published` as plain files (an earlier version wrote it so, or a person put it there) is taken in
    first. Raises OSError.
    """
    folder(settings).mkdir(parents=True, exist_ok=True)
    clear(settings)
    if settings.snapshot.is_file() and not settings.snapshot.is_symlink():
        _take_in(settings)
    _lead_readers(settings)
    return _empty(settings)


def clear(settings: Settings) -> None:
    """Remove what was being written, and publications that never became current."""
    for rest in [*settings.published.glob(".building*"), *folder(settings).glob(f"{_BUILDING}*")]:
        _remove(rest)
    now = current(settings)
    for state in _states(settings) if now else []:
        if _number(state.name) > _number(str(now)):
            _remove(state)


def copy(old: Path, new: Path) -> None:
    """Copy a file: as a clone where the file system has them, else within the kernel; raises OSError."""
    with old.open("rb") as source, new.open("wb") as target:
        try:
            while os.copy_file_range(source.fileno(), target.fileno(), _AT_ONCE):
                pass
            return
        except (AttributeError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in _CANNOT:
                raise
    shutil.copyfile(old, new)


def link_rest(settings: Settings, building: Path) -> None:
    """Give a new publication the Parquet files of the current one that it did not write; raises OSError."""
    before, after = parquet_folder(settings), building / PARQUET
    for old in sorted(before.rglob("*.parquet")):
        new = after / old.relative_to(before)
        if not new.exists():
            new.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(old, new)


def put_in_place(settings: Settings, building: Path, run_id: str) -> None:
    """Make a finished publication the current one by one rename; raises OSError, and then the old one stands."""
    _to_disk(building)
    number = max((_number(state.name) for state in _states(settings)), default=0) + 1
    state = folder(settings) / f"{number:06d}-{run_id}"
    building.rename(state)
    _lead(folder(settings) / "current", Path(state.name))
    _sync(folder(settings))


def tidy(settings: Settings, replaced: str | None) -> None:
    """Name the snapshots of kept runs, and remove the others with their Parquet files; raises OSError.

    Kept are the newest of each year's runs and what is current. The publication that was just `replaced` also stays,
    so that who is reading its Parquet files can finish.
    """
    now = current(settings)
    runs = _kept_runs(folder(settings) / str(now) / SNAPSHOT, snapshots_of_a_year())
    newest = {_run(state): state.name for state in _states(settings) if runs.get(_run(state))}
    for run, state in newest.items():
        _lead(settings.published / f"{run}.duckdb", Path("kept", state, SNAPSHOT))
    for run in [run for run, is_kept in runs.items() if not is_kept]:
        (settings.published / f"{run}.duckdb").unlink(missing_ok=True)
    for state in _states(settings):
        if state.name not in {*newest.values(), now, replaced}:
            gone = state.rename(state.with_name(f"{_BUILDING}-{state.name}"))  # half of one must not pass for one
            _remove(gone)


def current(settings: Settings) -> str | None:
    """Return the name of the current publication's folder; None before the first."""
    link = folder(settings) / "current"
    return link.readlink().name if link.is_symlink() else None


def _states(settings: Settings) -> list[Path]:
    """Publications, oldest first."""
    found = [p for p in folder(settings).iterdir() if re.fullmatch(r"\d{6,}-.+", p.name)]
    return sorted(found, key=lambda p: _number(p.name))


def _number(name: str) -> int:
    return int(name.split("-")[0])


def _run(state: Path) -> str:
    return state.name.split("-", 1)[1]


def _kept_runs(snapshot: Path, count: int) -> dict[str, bool]:
    """Every published run, and whether its snapshot is kept: it is current, or among the newest of its year."""
    sql = (
        "select run_id, row_number() over (partition by year order by max(published_at) desc, run_id) <= ?"
        " from marts.fct_run group by run_id, year"
    )
    with duckdb.connect(str(snapshot), read_only=True) as con:
        return dict(con.execute(sql, [count]).fetchall())


def _empty(settings: Settings) -> Path:
    building = folder(settings) / _BUILDING
    (building / PARQUET).mkdir(parents=True)
    return building


def _take_in(settings: Settings) -> None:
    """Make plain files in `published` a publication like the others."""
    building = _empty(settings)
    _link_or_copy(settings.snapshot, building / SNAPSHOT)
    link_rest(settings, building)
    put_in_place(settings, building, "earlier")


def _lead_readers(settings: Settings) -> None:
    """Let the two public paths lead to the current publication; before the first one they lead nowhere."""
    _lead(settings.snapshot, Path("kept", "current", SNAPSHOT))
    _lead(settings.published / PARQUET, Path("kept", "current", PARQUET))
    _sync(settings.published)


def _lead(link: Path, target: Path) -> None:
    """Make a path a symbolic link to a target relative to it, by rename: it leads to the old or the new one."""
    if link.is_symlink() and link.readlink() == target:
        return
    building = link.with_name(f"{_BUILDING}-{link.name}")
    building.symlink_to(target)
    if link.is_dir() and not link.is_symlink():  # once, where an earlier version wrote a plain folder
        link.rename(link.with_name(f"{_BUILDING}-plain"))
    building.replace(link)


def _link_or_copy(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:  # a file system without hard links
        shutil.copyfile(old, new)


def _to_disk(building: Path) -> None:
    """Wait until every file that only this publication has, and every folder of it, is on the disk."""
    for path in sorted(building.rglob("*")):
        if path.is_dir() or path.stat().st_nlink == 1:
            _sync(path)
    _sync(building)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
