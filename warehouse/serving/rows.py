"""Whose row is it: the district and street of each row of each published table, as `rows.yml` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from warehouse.serving.permissions import EVERYONE

COLUMNS = ("access_district", "access_town")
_BY_YEAR = ("parcel", "enterprise", "block", "zone")
_SEVERAL = r"[、,;\s]+"  # between the codes of a list that is text
_PLACES = """
create or replace temp table place as
with units as (
    select scale, unit_code, year, district_code, town_code from marts.dim_unit where scale in {by_year}
    union
    select 'parcel', parcel_code, year, district_code, town_code from marts.dim_parcel
    union
    select 'enterprise', uscc, year, district_code, town_code from marts.dim_enterprise
),
parcels as (select unit_code, arg_max(town_code, year) as town_code from units where scale = 'parcel' group by all)
from units
union all
select scale, unit_code, null, arg_max(district_code, year), arg_max(town_code, year) from units group by all
union all
select distinct 'district', district_code, null, district_code, null from marts.dim_district
union all
select 'agreement', agreement_no, null, district_code, parcels.town_code
from marts.dim_agreement left join parcels on parcel_code = unit_code
union all
-- the series of the districts name the city by its code among theirs
select distinct unnest(['city', 'district']), unit_code, null, '{everyone}', '{everyone}' from marts.dim_unit
where scale = 'city' and {sums_open}
"""
_OPEN_SUMS = """(
    select count(distinct unit_code) from marts.dim_unit
    where scale = 'district' and year = (select max(year) from marts.dim_unit)
) >= {least}"""


@dataclass(frozen=True)
class Rule:
    """What decides who sees a row: `open`, `sums`, `city`, or `units` with the columns that name them."""

    kind: str
    units: tuple[tuple[str, str, str], ...] = ()  # scale, column of the scale, column of the code
    year: str | None = None


@cache
def content() -> Mapping[str, Any]:
    """Return `rows.yml` as it stands."""
    return yaml.safe_load((Path(__file__).parent / "rows.yml").read_text(encoding="utf-8"))


def rule(table: str) -> Rule:
    """Return the rule of a table; one that `rows.yml` does not name is for the city alone."""
    said = content()["rows"].get(table, "city")
    if isinstance(said, str):
        return Rule(said)
    units: list[tuple[str, str, str]] = []
    for scale, columns in said.items():
        if scale == "unit":
            units.append(("", columns[0], columns[1]))
        elif scale != "year":
            units += [(scale, "", c) for c in ([columns] if isinstance(columns, str) else columns)]
    return Rule("units", tuple(units), said.get("year"))


def make_places(con: duckdb.DuckDBPyConnection, min_districts: int | None) -> None:
    """Make the temporary table `place` (scale, unit_code, year, district_code, town_code) from the open snapshot.

    A row without a year is a unit's newest place. The city's sums are everyone's from `min_districts` districts on;
    None keeps them to the city.
    """
    least = _OPEN_SUMS.format(least=min_districts) if min_districts is not None else "false"
    con.execute(_PLACES.format(by_year=_BY_YEAR, everyone=EVERYONE, sums_open=least))


def select(con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> str:
    """Return the query for a table's rows with `access_district` and `access_town` behind its columns.

    `columns`: names and types as they stand in the snapshot. A column that the rule names and the table lacks makes
    the whole table the city's.
    """
    known = rule(table)
    if known.kind == "open":
        return f"select *, '{EVERYONE}' as access_district, '{EVERYONE}' as access_town from marts.{table}"
    if known.kind == "sums":
        place = "(select district_code from place where scale = 'city' limit 1)"
        return f"select *, {place} as access_district, {place} as access_town from marts.{table}"
    needed = {c for unit in known.units for c in unit[1:] if c} | ({known.year} if known.year else set())
    if known.kind == "city" or needed - set(columns):
        return f"select *, null::varchar as access_district, null::varchar as access_town from marts.{table}"
    return _by_units(table, known, columns)


def _by_units(table: str, known: Rule, columns: Mapping[str, str]) -> str:
    named = "\nunion all\n".join(_named(unit, known.year, columns) for unit in known.units)
    return f"""
with numbered as (select row_number() over () as row_no_, * from marts.{table}),
named as ({named}),
owned as (
    select
        row_no_,
        {_common("district_code")} as access_district,
        {_common("town_code")} as access_town,
    from named left join place
        on named.scale = place.scale and named.code = place.unit_code and named.year is not distinct from place.year
    group by row_no_
)
select numbered.* exclude (row_no_), access_district, access_town
from numbered left join owned using (row_no_)"""


def _named(unit: tuple[str, str, str], year: str | None, columns: Mapping[str, str]) -> str:
    """The units that a column names, one a row; a list names several, an empty one none."""
    scale, scale_column, column = unit
    which = f'"{scale_column}"' if scale_column else f"'{scale}'"
    code = f'"{column}"'
    if columns[column].endswith("[]"):
        code = f"unnest({code})"
    elif column.endswith("_codes"):
        code = f"unnest(string_split_regex({code}, '{_SEVERAL}'))"
    when = f"case when {which} in {_BY_YEAR} then {year} end" if year else "null::integer"
    return f"select row_no_, {which} as scale, {code} as code, {when} as year from numbered"


def _common(column: str) -> str:
    """The code that all units of a row share; NULL where they differ, or where one is not known."""
    return f"case when count(*) = count({column}) and min({column}) = max({column}) then min({column}) end"
