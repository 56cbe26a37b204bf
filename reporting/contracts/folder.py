"""A folder that is replaced at once: built beside its place, then renamed; what others put there is left alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from landgauge.errors import ConfigurationError


@contextmanager
def replaced(target: Path, sign: str) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `target` when the block ends well.

    `sign` is a file that stands in every folder written so: only such a folder, or an empty one, is replaced.
    Raises ConfigurationError where `target` holds something else.
    """
    if target.exists() and not (target.is_dir() and ((target / sign).is_file() or not any(target.iterdir()))):
        raise ConfigurationError(f"{target} holds other files", "Name an empty or a new folder.")
    target.parent.mkdir(parents=True, exist_ok=True)
    building, old = (target.with_name(f".{target.name}.{end}") for end in ("building", "old"))
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    (building / sign).touch()
    yield building
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    building.rename(target)
    shutil.rmtree(old, ignore_errors=True)
