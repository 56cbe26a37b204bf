"""What was asked for: a workload's size, limits, repeats and places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.sizes import Size


@dataclass(frozen=True)
class Plan:
    """One workload at one size. `engines` empty: all that can be run; `peers` is the Python of the other libraries."""

    name: str
    size: Size
    repeats: int
    memory: str
    threads: int
    engines: tuple[str, ...]
    folder: Path
    peers: Path
