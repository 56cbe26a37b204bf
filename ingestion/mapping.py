"""`LANDING/mapping.yml`: how files of any other layout feed the datasets of the contract. It is data, read strictly."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping as AbstractMapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, ValidationError, model_validator
from pyproj import CRS
from pyproj.exceptions import CRSError

from ingestion import units
from ingestion.contract import Contract, all_contracts
from landgauge.errors import ConfigurationError

FILE = "mapping.yml"
MEASURED = (
    "polygon_area_m2",
    "centroid_lon",
    "centroid_lat",
    "polygon_parts",
    "geometry_type",
)  # computed from a file's geometry, to be named like its own columns


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value) if isinstance(value, int | float | datetime.date) else value


def _text_map(value: Any) -> Any:
    if not isinstance(value, AbstractMapping):
        return value
    return {_text(k): _text(v) for k, v in value.items()}


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnSpec(_Strict):
    """Where one contract column comes from: a source column, several joined, a constant, or the parcel underneath.

    `codes` replaces values and passes others on; `default` stands in for a missing value; `prefix` and `suffix` are
    put around a value that is there. `within: parcels` takes the parcel_code of the accepted polygon that holds a
    point of the row's geometry.
    """

    column: Text | None = None
    columns: tuple[Text, ...] = ()
    separator: str = ""
    constant: Text | None = None
    within: str | None = None
    unit: str | None = None
    codes: Annotated[dict[str, str], BeforeValidator(_text_map)] = Field(default_factory=dict)
    prefix: Text = ""
    suffix: Text = ""
    default: Text | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnSpec:
        origins = [self.column is not None, bool(self.columns), self.constant is not None, self.within is not None]
        if sum(origins) != 1:
            raise ValueError("give exactly one of column, columns, constant, within")
        if self.within not in (None, "parcels"):
            raise ValueError("within knows only parcels")
        return self


def _column_spec(value: Any) -> Any:
    if isinstance(value, AbstractMapping | ColumnSpec):
        return value
    return {"columns": value} if isinstance(value, list) else {"column": value}


class Feed(_Strict):
    """What one dataset takes from a file: `where` (SQL over the source's columns) chooses the rows."""

    crs: Text | None = None
    where: str | None = None
    columns: dict[str, Annotated[ColumnSpec, BeforeValidator(_column_spec)]] = Field(default_factory=dict)


class YearColumn(_Strict):
    """The source column that says to which year a row belongs."""

    column: str


class Entry(_Strict):
    """Files of one pattern and the datasets that they feed. Without `year` it is the folder's."""

    files: Texts
    layer: str | None = None
    sheet: Text | None = None
    header_row: int | None = Field(default=None, ge=1)
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    year: int | YearColumn | None = None
    supersedes: Texts = ()
    datasets: dict[str, Feed]

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(_glob(pattern)) for pattern in self.files)

    def matches(self, file_name: str) -> bool:
        """Tell whether the path below LANDING fits one of the patterns; `*` stays in a folder, `**` does not."""
        return any(pattern.fullmatch(file_name) for pattern in self._patterns)

    def rules(self, dataset: str) -> str:
        """Return what decides how this entry's files become rows of a dataset, as JSON: part of the rules digest."""
        own = self.model_copy(update={"files": (), "supersedes": (), "datasets": {dataset: self.datasets[dataset]}})
        return own.model_dump_json()


class Mapping(RootModel[tuple[Entry, ...]]):
    """Every entry of a mapping file, in its order."""

    model_config = ConfigDict(frozen=True)

    def entries(self, file_name: str) -> tuple[Entry, ...]:
        """Return the entries that take this file."""
        return tuple(entry for entry in self.root if entry.matches(file_name))


def load(landing: Path | None) -> Mapping:
    """Return the mapping of a landing area, empty where it has none.

    Raises ConfigurationError naming the key that is wrong.
    """
    path = landing / FILE if landing else None
    if path is None or not path.is_file():
        return Mapping(())
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        mapping = Mapping.model_validate(content or ())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{FILE}: not readable as YAML: {error}", "Save it as UTF-8 YAML.") from error
    except ValidationError as error:
        raise ConfigurationError(f"{FILE}: {_explain(error)}", "Correct the key; docs/mapping.md lists all.") from error
    for number, entry in enumerate(mapping.root, start=1):
        _check(entry, f"{FILE}: entry {number} ({', '.join(entry.files)})")
    return mapping


def _explain(error: ValidationError) -> str:
    return "; ".join(f"{_place(e['loc'])}: {e['msg']} (found {e['input']!r:.80})" for e in error.errors()[:5])


def _place(location: tuple[int | str, ...]) -> str:
    number, *keys = location or ("mapping",)
    return ".".join([f"entry {number + 1}" if isinstance(number, int) else number, *map(str, keys)])


def _check(entry: Entry, where: str) -> None:
    contracts = all_contracts()
    for pattern in entry.files:
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise ConfigurationError(f"{where}: files: {pattern!r} leaves LANDING", "Give a path below LANDING.")
    if not entry.datasets:
        raise ConfigurationError(f"{where}: datasets: names none", "Name the dataset that the file feeds.")
    for dataset, feed in entry.datasets.items():
        if dataset not in contracts:
            known = ", ".join(contracts)
            raise ConfigurationError(f"{where}: datasets: {dataset!r} is no dataset", f"Known: {known}.")
        _check_feed(contracts[dataset], feed, f"{where}: datasets.{dataset}")


def _check_feed(contract: Contract, feed: Feed, where: str) -> None:
    if feed.crs is not None:
        try:
            CRS.from_user_input(feed.crs)
        except CRSError as error:
            raise ConfigurationError(f"{where}.crs: {feed.crs!r} is no CRS", "Write it like EPSG:4547.") from error
    names = {column.name: column for column in contract.columns}
    for name, spec in feed.columns.items():
        if name not in names:
            known = ", ".join(names)
            message = f"{where}.columns: {name!r} is no column of {contract.dataset}"
            raise ConfigurationError(message, f"Known: {known}.")
        if spec.unit is not None and units.factor(spec.unit, names[name].unit) is None:
            expected = names[name].unit or "no unit"
            message = f"{where}.columns.{name}.unit: {spec.unit!r} does not convert to {expected}"
            raise ConfigurationError(message, "Write a unit that the project's unit table knows.")


def _glob(pattern: str) -> str:
    parts = []
    for token in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern):
        parts.append({"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token, re.escape(token)))
    return "".join(parts)
