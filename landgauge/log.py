"""Progress for people on stderr; one line an event, with seconds since the start."""

from __future__ import annotations

import logging
import sys
import time

_START = time.monotonic()


class _Progress(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        mark = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        return f"[{time.monotonic() - _START:7.1f} s] {mark}{record.getMessage()}"


def get(name: str) -> logging.Logger:
    """Return the project's logger of that name."""
    return logging.getLogger(f"landgauge.{name}")


def configure(verbose: bool = False) -> None:
    """Send the project's log to stderr, once."""
    root = logging.getLogger("landgauge")
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Progress())
        root.addHandler(handler)
        root.propagate = False
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
