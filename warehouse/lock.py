"""One writer at a time: a lock on the warehouse folder that says who holds it and ends with its holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from landgauge.errors import WarehouseBusy
from landgauge.settings import Settings
from warehouse.db import process_label

FILE = "warehouse.lock"
_held: set[str] = set()


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
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.seek(0)
            holder = handle.read().strip() or "another process"
            raise WarehouseBusy(
                f"{settings.warehouse} is being written by {holder}.", "Wait for it to end, then repeat."
            ) from error
        handle.truncate(0)
        handle.write(f"{process_label()} on {os.uname().nodename}, year {settings.year}")
        handle.flush()
        _held.add(key)
        try:
            yield
        finally:
            _held.discard(key)
            handle.truncate(0)
