"""The folder of a year's returns: one workbook a file, the whole tree replaced at once."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from landgauge.errors import ConfigurationError
from reporting.returns import extract, marked
from reporting.returns.model import Return

_LONGEST_NAME = 240  # bytes of one path component, below what file systems take, with room for an ending
_SIGN = ".landgauge-returns"  # stands in every tree that this module wrote: only such a tree is replaced


def write(items: Iterable[Return], target: Path) -> int:
    """Write the returns below `target`, replacing what an earlier run left there; returns how many.

    Nobody sees half of a tree: it is built beside its place and renamed. Raises ConfigurationError where `target`
    holds something else.
    """
    if target.exists() and not _is_ours(target):
        raise ConfigurationError(f"{target} holds other files", "Name an empty or a new folder: --out DIR.")
    building, old = (target.with_name(f".{target.name}.{end}") for end in ("building", "old"))
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    (building / _SIGN).touch()
    listed = list(items)
    names = _names([item.file_name for item in listed])
    for item in listed:
        _write(item, building / names[item.file_name])
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    building.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return len(listed)


def _is_ours(target: Path) -> bool:
    return target.is_dir() and ((target / _SIGN).is_file() or not any(target.iterdir()))


def _write(item: Return, path: Path) -> None:
    """Mark a copy of the workbook; where there is none, or it cannot be copied, extract the bad rows."""
    note = ""
    if item.is_workbook and not all(load.rejected for load in item.loads):
        try:
            marked.write(item, path)
            return
        except marked.NotCopied as reason:
            note = str(reason)
    extract.write(item, path, note)


def _names(file_names: list[str]) -> dict[str, Path]:
    """Return where each file's workbook stands: a workbook under its own name, others with `.xlsx` behind theirs."""
    own = {name: _safe(name) for name in file_names if name.lower().endswith(".xlsx")}
    taken = {str(path).casefold() for path in own.values()}
    found = dict(own)
    for name in sorted(set(file_names) - set(own)):
        path = _safe(f"{name}.xlsx")
        while str(path).casefold() in taken:
            path = path.with_name(f"{path.name}.xlsx")
        taken.add(str(path).casefold())
        found[name] = path
    return found


def _safe(name: str) -> Path:
    """Return the path below the tree: nothing leads out of it, and no component is longer than a file system takes."""
    parts = [part for part in name.replace("\\", "_").replace("\0", "_").split("/") if part not in ("", ".", "..")]
    return Path(*(_short(part) for part in parts or ["unnamed.xlsx"]))


def _short(part: str) -> str:
    data = part.encode("utf-8", "surrogateescape")
    if len(data) <= _LONGEST_NAME:
        return data.decode("utf-8", "replace")
    digest = hashlib.sha256(data).hexdigest()[:12]
    start = data[: _LONGEST_NAME - 32].decode("utf-8", "ignore")
    return f"{start}…{digest}{Path(part).suffix[:8]}"
