"""The kept warehouse of an earlier version, unpacked; generated data."""

from __future__ import annotations

import tarfile
from pathlib import Path

HERE = Path(__file__).parent
ARCHIVE = HERE / "warehouse.tar.xz"
NOTE = HERE / "warehouse.txt"
EVALUATED = 2023  # twice: a file was handed in anew
NEXT = 2024  # in its landing area, and not yet evaluated


def unpack(folder: Path) -> Path:
    """Unpack the warehouse with its landing area into a new folder and return it."""
    with tarfile.open(ARCHIVE, "r:xz") as archive:
        archive.extractall(folder)  # our own; `filter` is newer than Python 3.11.2
    return folder
