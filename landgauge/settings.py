"""What one run is about. Every stage takes one `Settings` and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

PROJECT_ROOT = Path(__file__).resolve().parents[1]
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
POLICY = DBT_PROJECT / "seeds" / "policy"
KEPT_SNAPSHOTS = 2  # of each year's runs, unless LANDGAUGE_KEPT_SNAPSHOTS says otherwise
RESTATED = "restated.json"  # stands in a warehouse that holds a year as it was known at a moment


@dataclass(frozen=True)
class Settings:
    """Where the data are and which year is evaluated.

    `schemes` empty means the schemes of the city profile; `as_of` is the day on which due dates are looked at.
    `recorded_at` (UTC) is when what is loaded became known; None means now.
    The landing area is a folder, `landing`, or stands elsewhere, `landing_url`; only `ingest` reads it.
    """

    warehouse: Path
    year: int
    as_of: date
    landing: Path | None = None
    schemes: tuple[str, ...] = ()
    approved_by: str | None = None
    threads: int = 0
    memory_limit: str = ""
    recorded_at: datetime | None = None
    landing_url: str = ""

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
class ReadingLimits:
    """What one file may cost; beyond it the file is rejected, and the run goes on.

    `seconds` is for a small file (those of some megabytes take under 5), each megabyte adds `seconds_per_mb` (about
    ten times what reading takes on a small machine). `memory_mb` bounds the reading process's address space: a full
    sheet of 1,048,576 rows and 20 columns needs about 3 GB. `unpacked_mb` bounds what an archive holds: a Shapefile's
    parts end at 2 GB each. `cells` is the rectangle that a sheet may span, `columns` the columns that hold something,
    `rows` those of a Parquet file or layer: ten times those of the largest city that the project is measured on.
    """

    seconds: float = 60
    seconds_per_mb: float = 3
    memory_mb: int = 4096
    unpacked_mb: int = 8192
    columns: int = 4096
    cells: int = 64_000_000
    rows: int = 50_000_000


@dataclass(frozen=True)
class StageResult:
    """What a stage did: row counts by name, and complaints that make the exit code 1.

    `unchanged`: nothing that the stage reads had changed, so nothing was written; rows and complaints are the last's.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()
    unchanged: bool = False


def landing_at(text: str | None) -> dict[str, Any]:
    """Return the fields of `Settings` for a landing area given as a folder or as a URL; a file URL is a folder."""
    if not text:
        return {}
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text)
    if scheme and scheme[1].lower() != "file":
        return {"landing_url": text}
    return {"landing": Path(unquote(text[len(scheme[0]) :]) if scheme else text).resolve()}


def year_end(year: int) -> date:
    """31 December of the year: the default as-of date."""
    return date(year, 12, 31)


def threads_available() -> int:
    """CPU count that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
