"""Who sees what: the policy seed `permission`, filled with the districts and streets of the published city."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from landgauge import policy
from landgauge.errors import ConfigurationError
from landgauge.settings import POLICY

READER, CITY = "landgauge_reader", "landgauge_city"  # all groups are in the first; the second sees every row
EVERYONE = "*"  # the code of rows that every group sees
_SEED = "seeds/policy/permission.csv"
_LONGEST_NAME = 63  # bytes: PostgreSQL cuts longer names
_VALID = "coalesce(valid_from_year, 0) <= $year and coalesce(valid_to_year, 9999) >= $year"


@dataclass(frozen=True, order=True)
class Key:
    """A role sees the rows of a district (kind `district`) or street (kind `street`) with this code."""

    role: str
    kind: str
    code: str


@dataclass(frozen=True)
class Permissions:
    """The roles that see parts of the city, what each sees, and how many districts a sum must cover to be open."""

    keys: tuple[Key, ...]
    min_districts: int | None
    roles: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Collect the roles in the order of their names."""
        object.__setattr__(self, "roles", tuple(sorted({k.role for k in self.keys} - {READER, CITY})))


def permissions(con: duckdb.DuckDBPyConnection, folder: Path = POLICY) -> Permissions:
    """Read the seed for the newest published year of the snapshot that `con` has open.

    Raises ConfigurationError for a row that cannot be understood, and for two kinds of row under one role name.
    """
    year = con.execute("select max(year) from marts.dim_unit").fetchone()[0] or 0
    rows = [row for row in policy.rows("permission", folder) if _holds(row, year)]
    sums = [int(row["min_districts"]) for row in rows if row["kind"] == "city_sums"]
    keys = {Key(READER, kind, EVERYONE) for kind in ("district", "street")}
    for row in rows:
        keys |= set(_keys(con, row, year))
    _check(keys)
    return Permissions(tuple(sorted(keys)), max(sums, default=None))


def _holds(row: dict[str, str], year: int) -> bool:
    try:
        if row["kind"] == "city_sums":
            int(row["min_districts"])
        return int(row["valid_from_year"] or 0) <= year <= int(row["valid_to_year"] or year)
    except ValueError as error:
        raise ConfigurationError(f"{_SEED}: {error} in the row {row['role_name']}", "Write a whole number.") from error


def _keys(con: duckdb.DuckDBPyConnection, row: dict[str, str], year: int) -> Iterable[Key]:
    """What one row of the seed gives; the row of the city itself gives none, for its role needs no list."""
    if row["kind"] == "district":
        for code in _districts(con, row["district_code"], year):
            yield from (Key(_name(row, code, ""), "district", c) for c in _with_predecessors(con, code))
    elif row["kind"] == "street":
        for town, district in _towns(con, row["district_code"], row["town_code"]):
            yield Key(_name(row, district, town), "street", town)
    elif row["kind"] == "city" and row["role_name"] != CITY:
        raise ConfigurationError(f"{_SEED}: the role of the city is {CITY}", "Correct the row of kind city.")
    elif row["kind"] not in ("city", "city_sums"):
        raise ConfigurationError(f"{_SEED}: unknown kind {row['kind']}", "Use city, district, street or city_sums.")


def _districts(con: duckdb.DuckDBPyConnection, code: str, year: int) -> list[str]:
    if code != EVERYONE:
        return [code]
    sql = f"select distinct district_code from marts.dim_district where {_VALID} order by all"
    return [c for (c,) in con.execute(sql, {"year": year}).fetchall()]


def _with_predecessors(con: duckdb.DuckDBPyConnection, code: str) -> list[str]:
    """The district and those that were merged into it, for rows of years in which they stood."""
    sql = """
        with recursive line(code) as (
            select ? union
            select d.district_code from marts.dim_district as d inner join line on d.successor_code = line.code
        )
        select code from line order by all"""
    return [c for (c,) in con.execute(sql, [code]).fetchall()]


def _towns(con: duckdb.DuckDBPyConnection, district: str, town: str) -> list[tuple[str, str]]:
    """Town and district codes of the newest year in which each stands."""
    sql = """
        select town_code, arg_max(district_code, year) as district from marts.dim_town
        group by town_code having $district in ('', '*', district) and $town in ('*', town_code) order by all"""
    found = con.execute(sql, {"district": district, "town": town}).fetchall()
    return found or ([] if town == EVERYONE else [(town, district)])


def _name(row: dict[str, str], district: str, town: str) -> str:
    name = row["role_name"].replace("{district_code}", district).replace("{town_code}", town)
    wide = EVERYONE in (row["district_code"], row["town_code"])
    if not name or len(name.encode()) > _LONGEST_NAME or (wide and name == row["role_name"]):
        raise ConfigurationError(
            f"{_SEED}: {name!r} is no name for a role of its own",
            f"Write {{district_code}} or {{town_code}} into the names of rows with *; at most {_LONGEST_NAME} bytes.",
        )
    return name


def _check(keys: Iterable[Key]) -> None:
    """Refuse a name that stands for the city, or for a district and a street of one code: it would open too much."""
    kinds: dict[str, set[str]] = {}
    for key in keys:
        kinds.setdefault(key.role, set()).add(key.kind)
    doubled = [role for role, found in kinds.items() if role == CITY or (len(found) > 1 and role != READER)]
    reader = [key for key in keys if key.role == READER and key.code != EVERYONE]
    if doubled or reader:
        raise ConfigurationError(
            f"{_SEED}: two kinds of row share the role {(doubled or [READER])[0]}", "Give each kind a name of its own."
        )
