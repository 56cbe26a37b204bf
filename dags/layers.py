"""What dbt did within one task: models, tests, warnings and the slowest nodes, from dbt's own log.

One task runs a whole layer (a task a model costs minutes where the layer takes seconds), so its nodes are shown here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from landgauge.settings import Settings

Shown = dict[str, Any]
"""`models`, `tests`: counts; `warned`: tests that warn; `slowest`: [node, seconds]; `seconds` of all nodes."""

KEPT = 5
_NODE = re.compile(
    r"\d+ of \d+ (?P<state>OK created|OK loaded|PASS|WARN(?: \d+)?) (?P<what>.*?)"
    r" \.*\s*\[.* in (?P<seconds>[\d.]+)s\]\s*$"
)


@contextmanager
def watched(settings: Settings) -> Iterator[Callable[[], Shown | None]]:
    """Yield a function that returns what dbt did since; None where it was not called or left no log."""
    log = settings.logs / "dbt" / "dbt.log"
    before = _size(log), _inode(log)

    def shown() -> Shown | None:
        try:
            return summary(_lines(log, *before))
        except OSError:
            return None

    yield shown


def summary(lines: Iterator[str]) -> Shown | None:
    """Return the figures of the nodes that the lines tell of."""
    nodes = [found for line in lines if (found := _NODE.search(line))]
    if not nodes:
        return None
    timed = sorted(((node["what"].split()[-1], float(node["seconds"])) for node in nodes), key=lambda n: (-n[1], n[0]))
    return {
        "models": sum(node["state"].startswith("OK created") for node in nodes),
        "tests": sum(not node["state"].startswith("OK") for node in nodes),
        "warned": [node["what"] for node in nodes if node["state"].startswith("WARN")][: 4 * KEPT],
        "slowest": [list(node) for node in timed[:KEPT]],
        "seconds": round(sum(seconds for _, seconds in timed), 2),
    }


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _inode(path: Path) -> int:
    return path.stat().st_ino if path.is_file() else 0


def _lines(log: Path, size: int, inode: int) -> Iterator[str]:
    """The lines written since the log had that size; dbt moves a full log to `dbt.log.1` and begins a new one."""
    moved = log.with_name(f"{log.name}.1")
    if _inode(log) != inode and _inode(moved) == inode:
        yield from _from(moved, size)
        size = 0
    yield from _from(log, size if _inode(log) == inode else 0)


def _from(path: Path, size: int) -> Iterator[str]:
    if path.is_file():
        with path.open(encoding="utf-8", errors="replace") as file:
            file.seek(size)
            yield from file
