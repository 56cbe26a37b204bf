"""`LANDING/sources.yml`: what else belongs to a landing area, and where it stands. It is data, read strictly."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ingestion.sources.connections import NAME
from landgauge import yaml_file
from landgauge.errors import ConfigurationError

FILE = "sources.yml"


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _below(value: str) -> str:
    """A path below LANDING, without a trailing slash."""
    parts = value.rstrip("/").split("/")
    if value and ("" in parts or "." in parts or ".." in parts or "\\" in value or "\0" in value):
        raise ValueError("must be a path below LANDING with forward slashes, without ..")
    return value.rstrip("/")


def _pattern(values: tuple[str, ...]) -> tuple[str, ...]:
    if any(value.startswith("/") or ".." in value.split("/") for value in values):
        raise ValueError("must be patterns below the URL, without ..")
    return values


def _connection(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError("must be the name of a connection (letters, digits, _ and -), never the connection itself")
    return value


Below = Annotated[str, AfterValidator(_below)]
ConnectionName = Annotated[str, AfterValidator(_connection)]
Patterns = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_pattern)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FilesSource(_Strict):
    """Files below a URL that belong below `to`; `files` chooses among them, `*` staying in a folder, `**` not."""

    url: str
    to: Below = ""
    files: Patterns = ("**",)
    connection: ConnectionName | None = None


class Table(_Strict):
    """One table (`schema.name`) or query of a database, which becomes the Parquet file `to`."""

    to: Below
    table: str | None = Field(default=None, pattern=r'^[^".]+(\.[^".]+)?$')
    query: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_origin(self) -> Table:
        if (self.table is None) == (self.query is None):
            raise ValueError("give exactly one of table, query")
        if PurePosixPath(self.to).suffix.lower() != ".parquet":
            raise ValueError("to must end in .parquet")
        return self

    @property
    def sql(self) -> str:
        """The query as PostgreSQL shall run it."""
        if self.query is not None:
            return self.query.strip().rstrip(";")
        return "select * from " + ".".join(f'"{part}"' for part in str(self.table).split("."))


class TablesSource(_Strict):
    """Tables of one PostgreSQL database."""

    connection: ConnectionName
    tables: tuple[Table, ...] = Field(min_length=1)


def load(landing: Path) -> tuple[FilesSource | TablesSource, ...]:
    """Return the further sources of a landing area, none where it has no `sources.yml`.

    Raises ConfigurationError naming the key that is wrong; values are not shown, a password may be among them.
    """
    path = landing / FILE
    if not path.is_file():
        return ()
    content = yaml_file.read(path, FILE, _line) or []
    if not isinstance(content, list):
        raise ConfigurationError(f"{FILE}: must be a list of sources", "Begin each with a dash; see docs/sources.md.")
    found = tuple(_source(number, entry) for number, entry in enumerate(content, start=1))
    _once([table.to for source in found if isinstance(source, TablesSource) for table in source.tables])
    return found


def _source(number: int, entry: Any) -> FilesSource | TablesSource:
    model = TablesSource if isinstance(entry, dict) and "tables" in entry else FilesSource
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        told = "; ".join(f"{_place(number, e['loc'])}: {e['msg']}" for e in error.errors()[:5])
        raise ConfigurationError(f"{FILE}: {told}", "Correct the key; docs/sources.md lists them all.") from None


def _place(number: int, location: tuple[int | str, ...]) -> str:
    keys = [str(key + 1) if isinstance(key, int) else key for key in location]
    return ".".join([f"entry {number}", *keys])


def _line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 1})" if mark else ""


def _once(names: list[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(f"{FILE}: two tables go to {twice[0]}", "Give each its own file.")
