"""A place's files brought into a folder of the warehouse: each complete or not there, unchanged ones not again."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from ingestion.mapping import glob
from ingestion.scan import decoded, is_ignored, is_sidecar
from ingestion.sources.stores import Place, RemoteFile, Store, open_store
from ingestion.sources.trouble import Steady
from landgauge import log

_LOG = log.get("sources")
_LONGEST_NAME = 255  # bytes of one folder or file name on common file systems
_LONGEST_PATH = 3500  # bytes below the mirror; 4096 with the warehouse's own path
_PART = "incoming.part"
_CHANGES = 3  # a file that changes while it is fetched is fetched again, so many times


class Changed(Exception):
    """A file changed while it was fetched."""


def bring(place: Place, patterns: tuple[str, ...], folder: Path) -> list[str]:
    """Make `folder` hold exactly the files below a place that fit the patterns; return a complaint for each refused.

    What has gone from the place goes from the folder. Raises SourceRefused or SourceUnavailable; files that were
    complete by then stay, so that a repeat goes on with the rest.
    """
    source: Steady[Store] = Steady(str(place), place.connection, lambda: open_store(place))
    try:
        listed = source.attempt(lambda store: store.files())
        wanted, complaints = _choose(place, listed, patterns)
        folder.mkdir(parents=True, exist_ok=True)
        with closing(_index(folder.with_name(folder.name + ".index"))) as index:
            gone = _drop_others(folder, {file.name for file in wanted}, index)
            missing = [file for file in wanted if not _stands(folder, file, index)]
            for number, file in enumerate(missing, start=1):
                _LOG.info("%s: fetching %d of %d: %s", place, number, len(missing), _shown(file.name))
                if not _fetch(source, file, folder, index):
                    complaints.append(f"{place}/{_shown(file.name)}: 未取 (not fetched): listed, but not there")
    finally:
        source.close()
    _LOG.info("%s: %d files, %d fetched, %d gone", place, len(wanted), len(missing), gone)
    return complaints


def _choose(
    place: Place, listed: Iterable[RemoteFile], patterns: tuple[str, ...]
) -> tuple[list[RemoteFile], list[str]]:
    """The files to have, in byte order of their names, and a sentence for each that no folder can hold."""
    fitting = _fitting([file for file in listed if not _is_hidden(file.name)], patterns)
    fitting.sort(key=lambda file: _bytes(file.name))
    folders = {parent for file in fitting for parent in _parents(file.name)}
    wanted, complaints = [], []
    for file in fitting:
        reason = _unfit(file.name, folders)
        if reason is None:
            wanted.append(file)
        else:
            complaints.append(f"{place}/{_shown(file.name)}: 未取 (not fetched): {reason}")
    if not fitting:
        complaints.append(f"{place}: 没有文件 (no file there fits {', '.join(patterns)})")
    return wanted, complaints


def _fitting(listed: list[RemoteFile], patterns: tuple[str, ...]) -> list[RemoteFile]:
    """What fits a pattern; a Shapefile that fits brings its sidecars."""
    fits = [re.compile(glob(pattern), re.DOTALL).fullmatch for pattern in patterns]
    named = [(decoded(_bytes(file.name)), file) for file in listed]
    chosen = {name for name, _ in named if any(fit(name) for fit in fits)}
    stems = {name[: -len(".shp")].lower() for name in chosen if name.lower().endswith(".shp")}
    return [file for name, file in named if name in chosen or is_sidecar(name, stems)]


def _is_hidden(name: str) -> bool:
    *folders, last = name.split("/")
    dots = (".", "..")  # not hidden but refused
    return (last not in dots and is_ignored(last)) or any(f.startswith(".") and f not in dots for f in folders)


def _unfit(name: str, folders: set[str]) -> str | None:
    parts = name.split("/")
    if "." in parts or ".." in parts:
        return ". or .. in the name"
    if "" in parts or "\0" in name:
        return "an empty part, or a NUL, in the name"
    if name in folders:
        return "another file has this name as its folder"
    if len(_bytes(name)) > _LONGEST_PATH or any(len(_bytes(part)) > _LONGEST_NAME for part in parts):
        return "the name is too long"
    return None


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def _index(path: Path) -> sqlite3.Connection:
    """What was fetched, by name: a file that is not in it, or not of that size on disk, is fetched again."""
    index = sqlite3.connect(path, isolation_level=None)
    index.execute("create table if not exists fetched (name blob primary key, size_bytes integer, tag text)")
    return index


def _stands(folder: Path, file: RemoteFile, index: sqlite3.Connection) -> bool:
    row = index.execute("select size_bytes, tag from fetched where name = ?", [_bytes(file.name)]).fetchone()
    path = folder / file.name
    return row == (file.size_bytes, file.tag) and path.is_file() and path.stat().st_size == file.size_bytes


def _fetch(source: Steady[Store], file: RemoteFile, folder: Path, index: sqlite3.Connection) -> bool:
    """Bring one file to its place; False where it has gone since the list was made."""
    part = folder.with_name(_PART)
    try:
        came = source.attempt(lambda store: _complete(store, file, part))
        target = folder / file.name
        index.execute("delete from fetched where name = ?", [_bytes(file.name)])
        if came is None:
            target.unlink(missing_ok=True)
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)
        index.execute("insert into fetched values (?, ?, ?)", [_bytes(file.name), came.size_bytes, came.tag])
        return True
    finally:
        part.unlink(missing_ok=True)


def _complete(store: Store, file: RemoteFile, part: Path) -> RemoteFile | None:
    """Fetch a file until it is the same before and after; return what it was then, None if gone. Raises Changed."""
    before = file
    for _ in range(_CHANGES):
        try:
            store.fetch(before, part)
            after = store.again(before)
        except FileNotFoundError:
            return None
        if after == before and part.stat().st_size == after.size_bytes:
            return after
        before = after
    raise Changed(f"{_shown(file.name)} changes while it is fetched, or is shorter than the server says")


def _drop_others(folder: Path, wanted: set[str], index: sqlite3.Connection) -> int:
    """Remove what the place has no longer, and folders that are empty then; return how many files went."""
    gone = 0
    for root, folders, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(root, name)
            below = path.relative_to(folder).as_posix()
            if below not in wanted:
                index.execute("delete from fetched where name = ?", [_bytes(below)])
                path.unlink()
                gone += 1
        for name in folders:
            path = Path(root, name)
            if not any(path.iterdir()):
                path.rmdir()
    return gone


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _shown(name: str) -> str:
    return _bytes(name).decode("utf-8", "backslashreplace")
