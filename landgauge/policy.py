"""Policy seeds read by Python; SQL reads the same files through dbt."""

from __future__ import annotations

import csv
from pathlib import Path

from landgauge.errors import ConfigurationError
from landgauge.settings import POLICY


def rows(seed: str, folder: Path = POLICY) -> list[dict[str, str]]:
    """Return the rows of `seeds/policy/<seed>.csv`; empty cells are empty strings.

    Raises ConfigurationError for a file that is missing, is not UTF-8, or has no header or a name twice in it.
    """
    name = f"seeds/policy/{seed}.csv"
    try:
        with (folder / f"{seed}.csv").open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            header, found = list(reader.fieldnames or ()), list(reader)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{name} is not UTF-8", "Save it as CSV in UTF-8, not in GBK.") from error
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{name} is missing", "Put it back; it may have no rows, but needs a header."
        ) from error
    if not header or len(set(header)) < len(header):
        raise ConfigurationError(f"{name} line 1: a header in which each column stands once is missing", "Correct it.")
    return found


def files(folder: Path = POLICY) -> list[Path]:
    """Return every policy file in byte order of its name: what a run's policy digest covers."""
    return sorted(folder.glob("*.csv"))
