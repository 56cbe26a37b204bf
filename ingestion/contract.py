"""Source contracts: one strict YAML file per dataset under `contracts/`: columns, bounds, keys, references."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from landgauge.errors import ConfigurationError

FOLDER = Path(__file__).parent / "contracts"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is eight times as fast

ColumnType = Literal["code", "text", "list", "number", "year", "date", "flag", "geometry", "json"]
ValuesFrom = Literal[
    "land_use", "district", "industry", "series_industry", "industry_edition", "energy_type", "energy_unit"
]
Pattern = Literal["parcel_code", "uscc"]

_BRACKETED = re.compile(r"^(?P<name>.+?)[(\[【〔（［](?P<unit>[^()\[\]【】〔〕（）［］]*)[)\]】〕）］]$", re.DOTALL)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Requirement(_Strict):
    """When an optional value must stand: where `column` holds a number `below` this, or a text other than `unless`."""

    column: str
    below: float | None = None
    unless: str | None = None


class Column(_Strict):
    """One column of a dataset: names, type, unit, and the rules whose breach quarantines a row.

    `optional_when_mapped`: a required figure that a source adapted by a mapping file may lack altogether.
    """

    name: str
    header_zh: str
    aliases: tuple[str, ...] = ()
    type: ColumnType
    unit: str | None = None
    required: bool = False
    optional_when_mapped: bool = False
    default: str | None = None
    values: tuple[str, ...] = ()
    values_from: ValuesFrom | None = None
    pattern: Pattern | None = None
    starts_with: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    limit: str | None = None
    after: str | None = None
    required_when: Requirement | None = None
    area_tolerance: bool = False


class Reference(_Strict):
    """A column whose value must stand, accepted, in another dataset: of the same year, or of any year up to it."""

    column: str
    dataset: str
    years: Literal["same", "up_to"] = "same"


class Contract(_Strict):
    """One dataset. `scope` says whether an evaluation reads one year of it or every year up to it."""

    dataset: str
    name_zh: str
    scope: Literal["year", "running"] = "year"
    last: bool = False
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()

    def relaxed(self, mapped: Collection[str]) -> Contract:
        """Return the contract for a mapped source: figures that the mapping leaves out are not required."""
        columns = tuple(
            c.model_copy(update={"required": False}) if c.optional_when_mapped and c.name not in mapped else c
            for c in self.columns
        )
        return self.model_copy(update={"columns": columns})

    @model_validator(mode="after")
    def _names_stand(self) -> Contract:
        names = [c.name for c in self.columns]
        others = [o for c in self.columns for o in (c.limit, c.after, c.starts_with) if o]
        others += [c.required_when.column for c in self.columns if c.required_when]
        unknown = sorted({*self.key, *others, *(r.column for r in self.references)} - set(names))
        if unknown or len(names) != len(set(names)):
            raise ValueError(f"columns named but not declared, or declared twice: {unknown or names}")
        _ = self.headers
        return self

    def column(self, name: str) -> Column:
        """Return the column of that canonical name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.dataset} has no column {name}")

    @property
    def required(self) -> tuple[str, ...]:
        """Canonical names of the columns that a file must have."""
        return tuple(c.name for c in self.columns if c.required)

    @property
    def headers(self) -> dict[str, str]:
        """Every accepted header, folded, to its canonical name; ValueError where two columns claim one header."""
        found: dict[str, str] = {}
        for column in self.columns:
            for header in (column.name, column.header_zh, *column.aliases):
                if found.setdefault(fold_header(header), column.name) != column.name:
                    raise ValueError(f"{self.dataset}: header {header} belongs to two columns")
        return found

    def resolve_header(self, header: str) -> tuple[str | None, str | None]:
        """Return (canonical column, unit as given) of a file's header; (None, None) where it is no column of ours.

        A unit in brackets is returned as it stands, known or not: `units.factor` knows. A bracket behind a column
        that is not a number is a remark, not a unit.
        """
        headers = _headers(self.dataset) if self is _cached(self.dataset) else self.headers
        whole = headers.get(fold_header(header))
        if whole is not None:
            return whole, None
        bracketed = _BRACKETED.match(header.strip())
        name = headers.get(fold_header(bracketed["name"])) if bracketed else None
        if bracketed is None or name is None:
            return None, None
        unit = bracketed["unit"].strip() or None
        return name, unit if self.column(name).type == "number" else None


def fold_header(header: str) -> str:
    """Return the header without white space, in half-width, in lower case: what two spellings have in common."""
    return re.sub(r"[\s\u200b\ufeff]+", "", unicodedata.normalize("NFKC", header)).casefold()


def load(dataset: str) -> Contract:
    """Return one dataset's contract.

    Raises ConfigurationError where there is no such dataset or its file is wrong.
    """
    contract = all_contracts().get(dataset)
    if contract is None:
        known = ", ".join(all_contracts())
        raise ConfigurationError(f"no dataset {dataset!r}", f"Known datasets: {known}.")
    return contract


@cache
def all_contracts() -> dict[str, Contract]:
    """Return every contract in load order: a dataset after those that it refers to."""
    found = {c.dataset: c for c in map(_read, sorted(FOLDER.glob("*.yml")))}
    graph = {name: sorted({r.dataset for r in c.references}) for name, c in found.items()}
    order = list(TopologicalSorter(graph).static_order())
    return {name: found[name] for name in sorted(order, key=lambda name: found[name].last)}


def _cached(dataset: str) -> Contract | None:
    return all_contracts().get(dataset)


@cache
def _headers(dataset: str) -> dict[str, str]:
    return all_contracts()[dataset].headers


def _read(path: Path) -> Contract:
    try:
        return Contract.model_validate(yaml.load(path.read_text(encoding="utf-8"), _LOADER))  # noqa: S506 (a safe one)
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"contracts/{path.name}: {error}", "Correct the source contract.") from error
