"""A file system with little room: a tmpfs where one may be mounted, else a limit on the size of files."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MB = 1 << 20
_WIDE_MB = 2048


@dataclass
class Room:
    """A folder that becomes full. `limit`, where not None, must be set in the process that is to find it full."""

    folder: Path
    mounted: bool
    limit: Callable[[], None] | None = None

    def fill(self, free_mb: float = 1) -> None:
        """Leave so much room and no more; without a mount no file may become larger than that."""
        if self.mounted:
            self._resize(_used(self.folder) + int(free_mb * _MB))
            return
        size = int(free_mb * _MB)
        self.limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    def widen(self) -> None:
        """Make room again."""
        self.limit = None
        if self.mounted:
            self._resize(_WIDE_MB * _MB)

    def _resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)


@contextmanager
def little_room(folder: Path) -> Iterator[Room]:
    """A folder of its own that can be filled; unmounted on leaving."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={_WIDE_MB}m", "tmpfs", str(folder)]
    mounted = os.getuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield Room(folder, mounted)
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def _used(folder: Path) -> int:
    stat = os.statvfs(folder)
    return (stat.f_blocks - stat.f_bfree) * stat.f_frsize
