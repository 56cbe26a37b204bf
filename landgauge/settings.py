"""What one run is about. Every stage takes one `Settings` and nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
POLICY = DBT_PROJECT / "seeds" / "policy"


@dataclass(frozen=True)
class Settings:
    """Where the data are and which year is evaluated.

    `schemes` empty means the schemes of the city profile; `as_of` is the day on which due dates are looked at.
    """

    warehouse: Path
    year: int
    as_of: date
    landing: Path | None = None
    schemes: tuple[str, ...] = ()
    approved_by: str | None = None
    threads: int = 0
    memory_limit: str = ""

    @property
    def database(self) -> Path:
        """The working file; only `warehouse` opens it."""
        return self.warehouse / "warehouse.duckdb"

    @property
    def files(self) -> Path:
        """Every source file as it came, named by its SHA-256."""
        return self.warehouse / "files"

    @property
    def published(self) -> Path:
        """What readers see."""
        return self.warehouse / "published"

    @property
    def snapshot(self) -> Path:
        """The published warehouse that can be opened read-only at any time."""
        return self.published / "current.duckdb"

    @property
    def logs(self) -> Path:
        """Logs and work files of dbt and the gate."""
        return self.warehouse / "logs"


@dataclass(frozen=True)
class StageResult:
    """What a stage did: row counts by name, and complaints that make the exit code 1."""

    rows: Mapping[str, int] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()


def year_end(year: int) -> date:
    """31 December of the year: the default as-of date."""
    return date(year, 12, 31)


def threads_available() -> int:
    """CPU count that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
