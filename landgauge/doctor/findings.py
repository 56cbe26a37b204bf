"""What a check looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from landgauge.settings import PROJECT_ROOT

OK, WARN, FAULT, SKIPPED = "ok", "warn", "fault", "skipped"


@dataclass(frozen=True)
class Installation:
    """What is looked at; checks of what is None are skipped. `now` is UTC without a zone.

    `requirements` and `extensions` are the lock file and the folder of DuckDB's extensions; None where they usually
    stand.
    """

    now: datetime
    warehouse: Path | None = None
    landing: Path | None = None
    requirements: Path = PROJECT_ROOT / "requirements.lock"
    extensions: Path | None = None

    @property
    def published(self) -> Path | None:
        """The folder that readers see; None where nothing was ever published."""
        found = self.warehouse / "published" if self.warehouse else None
        return found if found and found.is_dir() else None

    @property
    def snapshot(self) -> Path | None:
        """The published snapshot; None where none can be reached."""
        found = self.published / "current.duckdb" if self.published else None
        return found if found and found.is_file() else None


@dataclass(frozen=True)
class Finding:
    """One sentence of a check: its level, what is so, where, and what to do where it is not ok."""

    level: str
    what: str
    where: str = ""
    next_step: str = ""


@dataclass(frozen=True)
class Check:
    """A named look at one thing, which changes nothing."""

    name: str
    look: Callable[[Installation], Iterator[Finding]]


def ok(what: str, where: object = "") -> Finding:
    """A finding that all is well."""
    return Finding(OK, what, str(where))


def warn(what: str, where: object, next_step: str) -> Finding:
    """A finding that a run may suffer from, or that one command does not work."""
    return Finding(WARN, what, str(where), next_step)


def fault(what: str, where: object, next_step: str) -> Finding:
    """A finding that stops a run or a reader."""
    return Finding(FAULT, what, str(where), next_step)


def skipped(why: str) -> Finding:
    """A check that does not apply."""
    return Finding(SKIPPED, why)
