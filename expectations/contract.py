"""What the gate asks of a source contract: columns, lists, bounds and keys, from the YAML that ingestion reads."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from landgauge.errors import ConfigurationError
from landgauge.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "ingestion" / "contracts"


class _Part(BaseModel):
    """Ingestion is strict about the files; here keys that the gate does not need are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Column(_Part):
    """One column: its type and unit, and the rules that a single row must keep."""

    name: str
    header_zh: str = ""
    type: str
    unit: str | None = None
    required: bool = False
    optional_when_mapped: bool = False
    values: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    limit: str | None = None
    after: str | None = None


class Reference(_Part):
    """A column whose value stands in another dataset."""

    column: str
    dataset: str
    years: str = "same"


class Contract(_Part):
    """One dataset; `scope` says whether a year's evaluation reads that year or every year up to it."""

    dataset: str
    name_zh: str
    scope: Literal["year", "running"] = "year"
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()

    def has(self, name: str) -> bool:
        """Return whether the dataset has a column of that name."""
        return any(column.name == name for column in self.columns)


def read_contracts(folder: Path = FOLDER) -> dict[str, Contract]:
    """Return every source contract by dataset, in order of dataset.

    Raises ConfigurationError naming the file that cannot be read.
    """
    found = [_read(path) for path in sorted(folder.glob("*.yml"))]
    return {contract.dataset: contract for contract in sorted(found, key=lambda c: c.dataset)}


def _read(path: Path) -> Contract:
    try:
        return Contract.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"contracts/{path.name}: {error}", "Correct the source contract.") from error
