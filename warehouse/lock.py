"""One writer at a time: a lock on the warehouse folder that says who holds it and ends with its holder."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import psutil

from landgauge.errors import WarehouseBusy
from landgauge.settings import Settings
from warehouse.db import process_label

FILE = "warehouse.lock"
_LOOKED_AT_S = 10.0  # a look at the working file takes a second at most
_held: set[str] = set()


@dataclass(frozen=True)
class Holder:
    """Who writes to a warehouse, and since when (UTC)."""

    name: str
    since: datetime


@contextmanager
def writer(settings: Settings) -> Iterator[None]:
    """Hold the warehouse for writing; a second holder in this process is let in.

    The kernel drops the lock when the process ends, however it ends. Raises WarehouseBusy naming the holder.
    """
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    path = settings.warehouse / FILE
    key = str(path.resolve())
    if key in _held:
        yield
        return
    with path.open("a+", encoding="utf-8") as handle:
        try:
            _take(handle)
        except OSError as error:
            raise _busy(settings.warehouse, _holder(handle)) from error
        handle.truncate(0)
        handle.write(f"{process_label()} on {os.uname().nodename}, year {settings.year}")
        handle.flush()
        _held.add(key)
        try:
            yield
        finally:
            _held.discard(key)
            handle.truncate(0)


@contextmanager
def looking(warehouse: Path) -> Iterator[Holder | None]:
    """Tell who writes to the warehouse; where nobody does, keep writers waiting meanwhile, so be quick.

    Nothing is written, and a warehouse that was never written to has no lock to take.
    """
    try:
        handle = (warehouse / FILE).open(encoding="utf-8")
    except OSError:
        yield None
        return
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            holder = None
        except OSError:
            holder = _holder(handle)
        yield holder


def _holder(handle: TextIO) -> Holder:
    """Who wrote its name into the lock file, and when."""
    handle.seek(0)
    since = datetime.fromtimestamp(os.fstat(handle.fileno()).st_mtime, UTC).replace(tzinfo=None, microsecond=0)
    return Holder(handle.read().strip() or "another process", since)


def _busy(warehouse: Path, holder: Holder) -> WarehouseBusy:
    """Name the holder; one that was stopped (SIGSTOP) will not end by itself."""
    age = max(datetime.now(UTC).replace(tzinfo=None, microsecond=0) - holder.since, timedelta())
    message = f"{warehouse} is being written by {holder.name}, since {holder.since} UTC ({age} ago)."
    found = re.match(r"pid (\d+) .* on (.*), year", holder.name)
    if found and found[2] == os.uname().nodename and _is_stopped(int(found[1])):
        pid = found[1]
        return WarehouseBusy(
            f"{message} That process is stopped.", f"Let it go on (kill -CONT {pid}) or end it (kill -KILL {pid})."
        )
    return WarehouseBusy(message, "Wait for it to end, then repeat.")


def _is_stopped(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False


def _take(handle: TextIO) -> None:
    """Take the lock, waiting while it is only looked at; raises OSError where another process writes."""
    end = time.monotonic() + _LOOKED_AT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(handle, fcntl.LOCK_UN)
            if time.monotonic() > end:
                raise
        time.sleep(0.05)
