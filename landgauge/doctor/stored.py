"""Checks of a warehouse: its folder, its lock, its working file, and what is published."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil

from landgauge.doctor.findings import Finding, Installation, fault, ok, skipped, warn
from landgauge.doctor.machine import writable
from landgauge.errors import StageFailed
from warehouse import kept, lock, upgrade

NO_WAREHOUSE = "no --warehouse is given"
NOTHING_PUBLISHED = "nothing is published"
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"}
_COPIES = 2  # of the snapshot: the one that is being written beside those that stay, and the engine's log
_WORKING = "warehouse.duckdb"


def folder(installation: Installation) -> Iterator[Finding]:
    """The folder of the warehouse can be written, on a disk with working locks."""
    place = installation.warehouse
    if place is None:
        yield skipped(NO_WAREHOUSE)
    elif place.exists() and not place.is_dir():
        yield fault("is a file", place, "Name a folder for the warehouse, or move the file away.")
    elif not writable(place):
        yield fault("cannot be written", place, f"Make it writable for user {os.geteuid()}.")
    elif not place.exists():
        yield warn("is not there yet", place, "The first run makes it. Otherwise correct --warehouse.")
    elif (kind := _file_system(place)) in _NETWORK:
        yield warn(f"stands on a network share ({kind}), whose locks may not work", place, "Use a local disk.")
    else:
        yield ok(f"can be written ({kind})", place)


def writer(installation: Installation) -> Iterator[Finding]:
    """Who holds the warehouse."""
    if installation.warehouse is None:
        yield skipped(NO_WAREHOUSE)
        return
    with lock.looking(installation.warehouse) as holder:
        if holder is None:
            yield ok("nobody writes", installation.warehouse / lock.FILE)
            return
    what = f"is being written by {holder.name} since {holder.since:%Y-%m-%d %H:%M:%S} UTC"
    yield warn(what, installation.warehouse / lock.FILE, "Wait for it to end; where it hangs, end that process.")


def working_file(installation: Installation) -> Iterator[Finding]:
    """The working file opens; not looked at while somebody writes."""
    if installation.warehouse is None:
        yield skipped(NO_WAREHOUSE)
        return
    path = installation.warehouse / _WORKING
    with lock.looking(installation.warehouse) as holder:
        if holder is not None or not path.exists():
            yield skipped("somebody writes to it" if holder else "nothing was ever loaded")
            return
        try:
            with _opened(path) as con:
                upgrade.refuse_newer(upgrade.version(con))
                yield ok(f"opens, storage {_storage(con)}", path)
        except StageFailed as error:
            yield fault(error.message, path, error.next_step)
        except duckdb.Error as error:
            advice = "Restore it from a backup, or move it away and ingest the years anew; what is published stands."
            yield fault(f"cannot be opened: {_first_line(error)}", path, advice)


def remains(installation: Installation) -> Iterator[Finding]:
    """What a killed publication left; the next one clears it."""
    if installation.published is None:
        yield skipped(NOTHING_PUBLISHED)
        return
    with lock.looking(installation.warehouse) as holder:
        if holder is not None:
            yield skipped("somebody writes, perhaps to them")
            return
        found = sorted([*installation.published.glob(".building*"), *installation.published.glob("kept/.building*")])
    for path in found:
        yield warn("was left by a publication that did not end", path, "Nothing: the next publication clears it.")
    if not found:
        yield ok("no remains of a publication", installation.published)


def links(installation: Installation) -> Iterator[Finding]:
    """The symbolic links through which readers reach the current publication."""
    place = installation.published
    if place is None:
        yield skipped(NOTHING_PUBLISHED if installation.warehouse else NO_WAREHOUSE)
        return
    broken = [p for p in [place / "kept" / "current", *sorted(place.iterdir())] if p.is_symlink() and not p.exists()]
    for path in broken:
        yield fault(f"leads to {path.readlink()}, which is not there", path, _advice(place))
    if not (place / "current.duckdb").exists() and not broken:
        yield fault("there is no current.duckdb", place, _advice(place))
    elif not broken:
        yield ok("lead to what is there", place)


def snapshot(installation: Installation) -> Iterator[Finding]:
    """The published snapshot opens, and every table of it can be counted."""
    path = installation.snapshot
    if path is None:
        yield skipped(NOTHING_PUBLISHED)
        return
    try:
        with _opened(path) as con:
            rows = sum(con.execute(f'select count(*) from marts."{name}"').fetchone()[0] for name in _marts(con))
            years = con.execute("select count(distinct year) from marts.fct_run").fetchone()[0]
            yield ok(f"{years} years, {rows:,} rows, storage {_storage(con)}", path)
    except duckdb.Error as error:
        yield fault(f"cannot be read: {_first_line(error)}", path, _advice(path.parent))


def parquet(installation: Installation) -> Iterator[Finding]:
    """Every published table stands as Parquet beside the snapshot."""
    path = installation.snapshot
    if path is None:
        yield skipped(NOTHING_PUBLISHED)
        return
    place = path.parent / kept.PARQUET
    try:
        with _opened(path) as con:
            names = _marts(con)
    except duckdb.Error:
        yield skipped("the snapshot cannot be read")
        return
    lacking = [name for name in names if not any((place / name).glob("*.parquet"))]
    if lacking:
        what = f"{len(lacking)} of {len(names)} tables are not there: {', '.join(lacking[:5])}"
        yield warn(what, place, "Publish the years again: landgauge publish, or evaluate.")
    else:
        yield ok(f"{len(names)} tables", place)


def disk(installation: Installation) -> Iterator[Finding]:
    """Room for the next publication, which writes a copy of the snapshot; a limit on file sizes counts too."""
    if installation.warehouse is None:
        yield skipped(NO_WAREHOUSE)
        return
    place = next(p for p in (installation.warehouse, *installation.warehouse.parents) if p.exists())
    size = installation.snapshot.stat().st_size if installation.snapshot else 0
    working = installation.warehouse / _WORKING
    largest = max(size, working.stat().st_size if working.is_file() else 0)
    free, limit = shutil.disk_usage(place).free, resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit != resource.RLIM_INFINITY and limit < 2 * largest:
        what = f"files may be {_size(limit)} at most, and one of this warehouse has {_size(largest)}"
        yield (fault if limit <= largest else warn)(what, "ulimit -f", "Set ulimit -f unlimited for runs.")
    if free < _COPIES * size:
        what = f"{_size(free)} free, and a publication may take {_size(_COPIES * size)}"
        advice = "Make room, or keep fewer snapshots (LANDGAUGE_KEPT_SNAPSHOTS)."
        yield (fault if free <= size else warn)(what, place, advice)
    else:
        yield ok(f"{_size(free)} free; the snapshot has {_size(size)}", place)


def clock(installation: Installation) -> Iterator[Finding]:
    """The clock does not stand before the newest publication: order of runs and retention follow it."""
    path = installation.snapshot
    if path is None:
        yield skipped(NOTHING_PUBLISHED)
        return
    try:
        with _opened(path) as con:
            newest = con.execute("select max(published_at) from marts.fct_run").fetchone()[0]
    except duckdb.Error:
        yield skipped("the snapshot cannot be read")
        return
    if newest and installation.now < newest:
        what = (
            f"it is {installation.now:%Y-%m-%d %H:%M:%S} UTC, before the last publication ({newest:%Y-%m-%d %H:%M:%S})"
        )
        yield fault(what, "clock", "Set the clock (timedatectl set-ntp true) before the next run.")
    else:
        yield ok(f"{installation.now:%Y-%m-%d %H:%M:%S} UTC, after the last publication", "clock")


@contextmanager
def _opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database read-only; raises duckdb.Error, also where the file ends before its last block."""
    con = duckdb.connect(str(path), read_only=True)
    try:
        blocks = con.execute("select total_blocks * block_size from pragma_database_size()").fetchone()[0]
        if path.stat().st_size < blocks:  # the engine opens it all the same, and fails when it reads what is lost
            raise duckdb.IOException(f"the file was cut off: it should have {blocks} bytes or more")
        yield con
    finally:
        con.close()


def _marts(con: duckdb.DuckDBPyConnection) -> list[str]:
    sql = "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name"
    return [name for (name,) in con.execute(sql).fetchall()]


def _storage(con: duckdb.DuckDBPyConnection) -> str:
    sql = "select tags['storage_version'] from duckdb_databases() where database_name = current_database()"
    return str(con.execute(sql).fetchone()[0])


def _advice(published: Path) -> str:
    """Another publication to lead readers to, newest first, or publishing again."""
    place = published / "kept"
    states = [p.name for p in sorted(place.glob("*-*/")) if (p / kept.SNAPSHOT).is_file() and p.name[0] != "."]
    others = [name for name in states if name != _current(place)]
    if not others:
        return "Restore it from a backup, or evaluate the years again."
    return f"Lead readers to the one before it: ln -sfn {others[-1]} {place / 'current'}; then evaluate the year again."


def _current(place: Path) -> str:
    link = place / "current"
    return link.readlink().name if link.is_symlink() else ""


def _file_system(place: Path) -> str:
    above = [p for p in psutil.disk_partitions(all=True) if place.resolve().is_relative_to(p.mountpoint)]
    return max(above, key=lambda p: len(p.mountpoint)).fstype if above else "unknown"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
