"""The city profile: what is particular to a city. `LANDING/city.yml` overrides the shipped Guangzhou profile."""

from __future__ import annotations

import csv
import glob
import hashlib
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from landgauge import outlines, yaml_file
from landgauge.errors import ConfigurationError

SHIPPED = Path(__file__).parent / "profiles" / "guangzhou"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AreaTolerance(_Strict):
    """Share by which a polygon's area may differ from the registered area."""

    warn: float = Field(ge=0)
    error: float = Field(gt=0)


class GateLimits(_Strict):
    """Quarantined share of a dataset above which the run complains, and above which it stops.

    `rules`: the same for single rules, by rule code (`range:output_cny10k`) or by rule (`range`, all its columns).
    """

    tolerated_share: float = Field(ge=0, le=1)
    stop_share: float = Field(ge=0, le=1)
    rules: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}


class SourceCheck(_Strict):
    """A warning of the city's own on the source rows that feed a dataset: SQL that is true where something is odd.

    The expression sees the source file's own columns and, for files with geometry, `polygon_area_m2`,
    `polygon_parts` and `geometry_type`.
    """

    code: str
    dataset: str
    when: str
    message_zh: str
    message_en: str


class District(_Strict):
    """One district over the years in which its code is valid."""

    code: str
    name_zh: str
    valid_from_year: int
    valid_to_year: int | None = None
    successor_code: str | None = None


class Town(_Strict):
    """A street or town of a district over the years in which its code, or its name, is valid."""

    code: str
    name_zh: str
    district_code: str
    valid_from_year: int | None = None  # None: as long as the district
    valid_to_year: int | None = None
    successor_code: str | None = None


class LandUse(_Strict):
    """A land-use code and whether land of that use is evaluated."""

    code: str
    name_zh: str
    is_industrial: bool


class Industry(_Strict):
    """An industry code of the city's own classification, beside GB/T 4754."""

    edition: str
    code: str
    name_zh: str
    level: int
    parent_code: str | None = None


class DistrictOutline(_Strict):
    """Outline of a district (WKB in hexadecimal, EPSG:4490) and how far it may be off, in metres (None: not known)."""

    code: str
    wkb: str
    tolerance_m: float | None = Field(default=None, ge=0)


class Profile(_Strict):
    """A city: codes, coordinate systems, limits, and the tables that its rows are checked against."""

    city_code: str
    name_zh: str
    parcel_code_pattern: str
    enterprise_code_pattern: str | None = None  # None: 统一社会信用代码 (GB 32100)
    projected_crs: str
    extent: tuple[float, float, float, float]
    area_tolerance: AreaTolerance
    gate: GateLimits
    schemes: tuple[str, ...]
    generated: bool = False
    notes: tuple[str, ...] = ()  # what a reader of the results must know; shown in the report
    checks: tuple[SourceCheck, ...] = ()
    districts: tuple[District, ...]
    district_outlines: tuple[DistrictOutline, ...] = ()
    towns: tuple[Town, ...] = ()
    land_use: tuple[LandUse, ...]
    industries: tuple[Industry, ...] = ()

    @field_validator("parcel_code_pattern", "enterprise_code_pattern")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value


_TABLES = ("districts", "towns", "land_use", "industries")


def load(landing: Path | None) -> Profile:
    """Return the profile of a landing area: the shipped one, overridden key by key by `LANDING/city.yml`.

    Raises ConfigurationError naming the file and the key that is wrong.
    """
    merged = _read(SHIPPED / "city.yml")
    own = landing / "city.yml" if landing else None
    if own is not None and own.is_file():
        merged |= _read(own)
    try:
        return Profile.model_validate(merged)
    except ValidationError as error:
        where = own if own is not None and own.is_file() else SHIPPED / "city.yml"
        raise ConfigurationError(
            f"{where}: {_explain(error)}", "Correct the key; docs/mapping.md lists them all."
        ) from error


def digest(landing: Path | None) -> str:
    """Return the SHA-256 of all files that the profile of a landing area is made of: of equal ones it is the same.

    Raises ConfigurationError where a `city.yml` cannot be read.
    """
    whole = hashlib.sha256()
    for path in (SHIPPED / "city.yml", *([landing / "city.yml"] if landing else [])):
        for part in [path, *_named(path)] if path.is_file() else []:
            whole.update(f"{part.name}\n".encode("utf-8", "surrogateescape"))
            whole.update(hashlib.sha256(part.read_bytes()).digest())
    return whole.hexdigest()


def _named(path: Path) -> list[Path]:
    """The files that a `city.yml` names and that are there, each with those that differ in the ending alone."""
    content = _content(path)
    outlines_of = content.get("district_outlines")
    given = [content.get(key) for key in _TABLES]
    given.append(outlines_of.get("file") if isinstance(outlines_of, dict) else outlines_of)
    named = [path.parent / name for name in given if isinstance(name, str)]
    alike = {part for file in named for part in file.parent.glob(f"{glob.escape(file.stem)}.*")}
    return sorted(part for part in alike if part.is_file())


def _content(path: Path) -> dict[str, Any]:
    content = yaml_file.read(path, str(path)) or {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: expected keys and values", "See docs/mapping.md for an example.")
    return content


def _read(path: Path) -> dict[str, Any]:
    content = _content(path)
    for key in _TABLES:
        if isinstance(content.get(key), str):
            content[key] = _table(path.parent / content[key], path)
    if content.get("district_outlines"):
        content["district_outlines"] = outlines.read(path.parent, content["district_outlines"], path)
    return content


def _table(path: Path, named_in: Path) -> list[dict[str, Any]]:
    """Rows of a table that the profile names; empty cells are left out, so that defaults hold."""
    if not path.is_file():
        raise ConfigurationError(
            f"{named_in}: names {path.name}, which is not beside it", "Add the file or correct the name."
        )
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return [{k: v for k, v in row.items() if k and v not in (None, "")} for row in csv.DictReader(handle)]


def _explain(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'profile'}: {e['msg']} (found {yaml_file.shown(e['input'])})"
        for e in error.errors()[:5]
    )
