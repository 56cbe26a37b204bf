"""The SHA-256 of landed files, remembered: a file that nobody has touched since is not read again.

`WAREHOUSE/landed.json` holds beside each digest what the file system said of the file when it was read: device, inode,
size, time of the last change of its content and of its entry. It is not part of the warehouse's state: where it is
damaged, or not there, the files are read.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from landgauge.settings import Settings

FILE = "landed.json"
# A file that is written twice within the resolution of its clock (2 s on FAT) looks the same both times, and so does
# one that is written through a memory map until the kernel has stored the page, half a minute later.
_LEFT_ALONE_NS = 60 * 10**9
Standing = list[int]  # of a file, as above


class Digests:
    """The digests of files; what is read is remembered where the file had been left alone for a minute before."""

    def __init__(self, settings: Settings) -> None:
        """Read what the warehouse remembers."""
        self._path = settings.warehouse / FILE
        self._known = _read(self._path)
        self._is_new = False

    def of(self, path: Path) -> str:
        """Return the SHA-256 of a file in hexadecimal, as it is now."""
        key = str(path)
        with path.open("rb") as handle:  # opened in any case: a network file system asks its server only then
            standing = _standing(handle)
            before = self._known.get(key)
            if before is not None and before[0] == standing:
                return before[1]
            begun = time.time_ns()
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
            if standing == _standing(handle) and max(standing[-2:]) < begun - _LEFT_ALONE_NS:
                self._known[key] = (standing, digest)
                self._is_new = True
        return digest

    def save(self) -> None:
        """Write what was learnt, all or nothing; where that cannot be, the files will be read again."""
        if not self._is_new:
            return
        kept = {path: known for path, known in self._known.items() if Path(path).is_file()}
        part = self._path.with_name(f"{FILE}.part")
        with suppress(OSError):
            part.write_text(json.dumps(kept), encoding="utf-8")
            part.replace(self._path)
            self._is_new = False


def forget(settings: Settings) -> None:
    """Remove what is remembered."""
    (settings.warehouse / FILE).unlink(missing_ok=True)


def _standing(handle: IO[bytes]) -> Standing:
    said = os.fstat(handle.fileno())
    return [said.st_dev, said.st_ino, said.st_size, said.st_mtime_ns, said.st_ctime_ns]


def _read(path: Path) -> dict[str, tuple[Standing, str]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): (list(standing), str(digest)) for key, (standing, digest) in content.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
