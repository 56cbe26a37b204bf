"""Every attempt at a stage, in `WAREHOUSE/logs/stages.jsonl`: a line when it begins and one when it ends.

The file stands beside the working file, so that it can be read while a run writes, and tells of attempts that failed
or were killed, too. It holds the last thousands of lines: at its limit it becomes `stages.jsonl.1`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from landgauge import log

FILE = "stages.jsonl"
_LIMIT = 4_000_000  # bytes; a line has one to four thousand


def append(logs: Path, entry: Mapping[str, Any]) -> None:
    """Add a line to the journal of a warehouse's folder of logs. Raises OSError."""
    log.append(logs / FILE, json.dumps(entry, ensure_ascii=False, default=str) + "\n", _LIMIT)


def attempts(logs: Path) -> list[dict[str, Any]]:
    """Return the attempts in order of their beginning.

    Each has `id`, `year`, `stage`, `started_at` (UTC, ISO), `state` and what its end added: seconds, peak_mb, rows,
    complaints, unchanged, nodes, warned, error. `state` is `done`, `failed`, or `begun` for one that has no end: it
    runs, or was killed.
    """
    found: dict[str, dict[str, Any]] = {}
    for line in [*_lines(logs / f"{FILE}.1"), *_lines(logs / FILE)]:
        with suppress(ValueError, TypeError, KeyError):  # a line that a full disk or a kill cut off
            entry = json.loads(line)
            found[entry["id"]] = found.get(entry["id"], {}) | entry
    whole = [a for a in found.values() if {"year", "stage", "started_at", "state"} <= a.keys()]
    return sorted(whole, key=lambda a: (a["started_at"], a["id"]))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
