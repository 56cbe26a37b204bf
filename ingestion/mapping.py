"""`LANDING/mapping.yml`: how files of any other layout feed the datasets of the contract. It is data, read strictly."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Mapping as AbstractMapping
from collections.abc import Sized
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from ingestion import notation, units
from ingestion.contract import Column, Contract, all_contracts
from landgauge import log, yaml_file
from landgauge.errors import ConfigurationError

_LOG = log.get("ingestion")
FILE = "mapping.yml"
_SHOWN = 5  # files that a warning names
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
Numbers = Annotated[str, AfterValidator(notation.check_numbers)]
Dates = Annotated[str, AfterValidator(notation.check_dates)]
Extract = Annotated[str, AfterValidator(notation.check_extract)]
Digits = Annotated[int, Field(ge=1, le=40)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnSpec(_Strict):
    """Where one contract column comes from: a source column, several joined, a constant, or the parcel underneath.

    `codes` replaces values and passes others on; `default` stands in for a missing value; `prefix` and `suffix` are
    put around a value that is there. `within: parcels` takes the parcel_code of the accepted polygon that holds a
    point of the row's geometry.

    What a cell holds is brought to the contract's writing first: `extract` takes the part that its group matches,
    `digits` gives lost leading zeros back (one figure for each of `columns`, or one for all), `numbers` and `dates`
    say how they are written (else the entry's hold), `factor` multiplies where no unit says it.
    """

    column: Text | None = None
    columns: tuple[Text, ...] = ()
    separator: str = ""
    constant: Text | None = None
    within: str | None = None
    unit: str | None = None
    factor: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    numbers: Numbers | None = None
    dates: Dates | None = None
    extract: Extract | None = None
    digits: Digits | tuple[Digits, ...] | None = None
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
        if self.unit is not None and self.factor is not None:
            raise ValueError("give unit or factor, not both: the unit has its factor")
        if isinstance(self.digits, tuple) and len(self.digits) != len(self.columns):
            raise ValueError("digits: give one number for each of columns")
        return self


def _column_spec(value: Any) -> Any:
    if isinstance(value, AbstractMapping | ColumnSpec):
        return value
    return {"columns": value} if isinstance(value, list) else {"column": value}


class Feed(_Strict):
    """What one dataset takes from a file: `where` (SQL over the source's columns) chooses the rows.

    `distinct`: of rows alike in every column taken, the first is a row and the others are none. `crs` is one that PROJ
    knows, GCJ-02 or BD-09; `axes: swapped`: latitude or northing stands first.
    """

    crs: Text | None = None
    axes: Literal["swapped"] | None = None
    where: str | None = None
    distinct: bool = False
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
    numbers: Numbers | None = None
    dates: Dates | None = None
    datasets: dict[str, Feed]

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(glob(pattern)) for pattern in self.files)

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
    content = yaml_file.read(path, FILE)
    try:
        mapping = Mapping.model_validate(content or ())
    except ValidationError as error:
        raise ConfigurationError(f"{FILE}: {_explain(error)}", "Correct the key; docs/mapping.md lists all.") from error
    for number, entry in enumerate(mapping.root, start=1):
        _check(entry, f"{FILE}: entry {number} ({', '.join(entry.files)})")
    return mapping


def warn_of_idle(mapping: Mapping, targets: AbstractMapping[str, Sized]) -> None:
    """Say which entries match no file and which files feed nothing: a pattern is easily misspelt.

    `targets`: what each file of the landing area feeds. Files beside mapping.yml are the profile's tables.
    """
    for number, entry in enumerate(mapping.root, start=1):
        if not any(entry.matches(name) for name in targets):
            files = ", ".join(entry.files)
            _LOG.warning("%s: entry %s: files: %s matches no file of the landing area", FILE, number, files)
    unread = [name for name, fed in targets.items() if not fed and "/" in name]
    if unread:
        more = f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else ""
        _LOG.warning("not read, feeding no dataset: %s%s", ", ".join(unread[:_SHOWN]), more)


def _explain(error: ValidationError) -> str:
    told = [(_place(e["loc"]), _said(e), yaml_file.shown(e["input"])) for e in error.errors()[:5]]
    return "; ".join(f"{place}: {said} (found {found})" for place, said, found in told)


def _said(error: ErrorDetails) -> str:
    """What is wrong, in words that need no knowledge of the validation library."""
    if error["type"] == "extra_forbidden":
        *place, key = error["loc"]
        close = difflib.get_close_matches(str(key), _keys(len(place)), 1)
        return f"no such key{f', did you mean {close[0]}?' if close else ''}"
    if error["type"] == "missing":
        return "this key is missing"
    if error["type"] == "tuple_type" and not error["loc"]:
        return "write a list of entries, each beginning with `- files: ...`"
    return error["msg"].removeprefix("Value error, ")


def _keys(depth: int) -> list[str]:
    """The keys that may stand at a depth of the file: in an entry, a dataset, a column."""
    model = {1: Entry, 2: YearColumn, 3: Feed}.get(depth, ColumnSpec)
    return list(model.model_fields)


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
        from pyproj.exceptions import CRSError  # PROJ and what goes with it take long to import

        from ingestion import crs

        try:
            crs.resolve(feed.crs)
        except CRSError as error:
            advice = "Write it like EPSG:4547, GCJ-02 or BD-09."
            raise ConfigurationError(f"{where}.crs: {feed.crs!r} is no CRS", advice) from error
    names = {column.name: column for column in contract.columns}
    for name, spec in feed.columns.items():
        if name not in names:
            known = ", ".join(names)
            message = f"{where}.columns: {name!r} is no column of {contract.dataset}"
            raise ConfigurationError(message, f"Known: {known}.")
        if spec.unit is not None and units.factor(spec.unit, names[name].unit) is None:
            expected = names[name].unit or "no unit"
            message = f"{where}.columns.{name}.unit: {spec.unit!r} does not convert to {expected}"
            raise ConfigurationError(message, _units_for(names[name]))
        _check_notation(spec, names[name], f"{where}.columns.{name}")


def _units_for(column: Column) -> str:
    """Advice on units: those that convert to the column's."""
    known = units.alike(column.unit) if column.unit else ()
    if not known:
        return "Leave unit out: this column is a plain number or none at all."
    return f"Known: {', '.join(known)}. For another, write factor: one of the source's units is how many {column.unit}."


def _check_notation(spec: ColumnSpec, column: Column, where: str) -> None:
    for key, kind, value in (
        ("factor", "number", spec.factor), ("numbers", "number", spec.numbers), ("dates", "date", spec.dates),
    ):  # fmt: skip
        if value is not None and column.type != kind:
            raise ConfigurationError(f"{where}.{key}: {column.name} is no {kind}", f"Leave {key} out here.")


def glob(pattern: str) -> str:
    """Return the regular expression of a file pattern: `*` and `?` stay in a folder, `**` does not."""
    parts = []
    for token in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern):
        parts.append({"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token, re.escape(token)))
    return "".join(parts)
