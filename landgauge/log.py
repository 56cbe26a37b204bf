"""Progress on stderr, one line an event: for people, or as JSON for a log store; and files that grow to a limit."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_START = time.monotonic()
_FORMAT = "LANDGAUGE_LOG"  # "json": one object a line
_FIELDS = ("year", "stage", "seconds", "rows", "memory_mb")
_about: ContextVar[dict[str, Any]] = ContextVar("landgauge_about")


class _Progress(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        mark = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        return f"[{time.monotonic() - _START:7.1f} s] {mark}{record.getMessage()}"


class _Json(logging.Formatter):
    """`ts` (UTC), `level`, `logger`, `event`, and those of year, stage, seconds, rows, memory_mb that are known."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        told |= _about.get({}) | {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def get(name: str) -> logging.Logger:
    """Return the project's logger of that name."""
    return logging.getLogger(f"landgauge.{name}")


def configure(verbose: bool = False) -> None:
    """Send the project's log to stderr, once; as JSON where LANDGAUGE_LOG is `json`."""
    root = logging.getLogger("landgauge")
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Json() if os.environ.get(_FORMAT, "").strip().lower() == "json" else _Progress())
        root.addHandler(handler)
        root.propagate = False
        # what it says of a lost connection it raises, too, and our line tells that; alone it would stand unformed
        logging.getLogger("psycopg").addHandler(logging.NullHandler())
    root.setLevel(logging.DEBUG if verbose else logging.INFO)


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Add these fields to every line that is logged as JSON meanwhile."""
    before = _about.set(_about.get({}) | fields)
    try:
        yield
    finally:
        _about.reset(before)


def append(path: Path, text: str, limit: int) -> None:
    """Append to a file; one that has reached `limit` bytes becomes `<name>.1` first, in place of the one before it.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_size >= limit:
        path.replace(path.with_name(f"{path.name}.1"))
    with path.open("a", encoding="utf-8") as handle:
        handle.write(text)
