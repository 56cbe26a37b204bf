"""Policy seeds read by Python; SQL reads the same files through dbt."""

from __future__ import annotations

import csv
from pathlib import Path

from landgauge.settings import POLICY


def rows(seed: str, folder: Path = POLICY) -> list[dict[str, str]]:
    """Return the rows of `seeds/policy/<seed>.csv`; empty cells are empty strings."""
    with (folder / f"{seed}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def files(folder: Path = POLICY) -> list[Path]:
    """Return every policy file in byte order of its name: what a run's policy digest covers."""
    return sorted(folder.glob("*.csv"))
