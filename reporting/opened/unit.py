"""Which unit is meant, what it is, and what there is instead where it is not published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from landgauge.errors import ConfigurationError
from reporting.marts import Marts, Row

NEAR_CODES = 3  # proposals for a code that is unknown
# scale: its table, its key there, and the columns that describe a unit of it with their Chinese names
_TABLES: Mapping[str, tuple[str, str]] = {
    "parcel": ("dim_parcel", "parcel_code"),
    "enterprise": ("dim_enterprise", "uscc"),
    "block": ("dim_block", "block_code"),
    "zone": ("dim_zone", "zone_code"),
    "district": ("fct_district_year", "district_code"),
    "city": ("fct_city_year", "city_code"),
    "industry": ("fct_industry_year", "industry_code"),
}
_FACTS: Mapping[str, str] = {
    "land_use_code": "土地用途代码",
    "use_state": "利用状态",
    "site_area_m2": "用地面积（平方米）",
    "polygon_area_m2": "图形面积（平方米）",
    "land_area_m2": "用地面积（平方米）",
    "supply_mode": "供应方式",
    "supply_date": "供应日期",
    "term_end_date": "使用权终止日期",
    "far_min": "规划容积率下限",
    "far_max": "规划容积率上限",
    "zone_type": "开发区类型",
    "level": "开发区级别",
    "industry_edition": "国民经济行业分类版本",
    "class_code": "行业小类",
    "registration_state": "登记状态",
    "established_date": "成立日期",
    "enterprise_count": "企业数",
    "output_cny10k": "工业总产值（万元）",
    "tax_paid_cny10k": "入库税收（万元）",
}
_PLACES: Mapping[str, tuple[str, str]] = {
    "district_code": ("行政区", "district"),
    "town_code": ("街镇", "town"),
    "zone_code": ("开发区", "zone"),
    "block_code": ("产业区块", "block"),
}


@dataclass(frozen=True)
class Place:
    """Where a unit lies: a unit of another scale, or a town, with its name where it has one."""

    label: str
    scale: str
    code: str
    name: str | None


@dataclass(frozen=True)
class Unit:
    """A published unit: code, name, the row of its table, the places that it lies in, and facts (label, value)."""

    scale: str
    code: str
    name: str | None
    row: Row
    places: tuple[Place, ...]
    facts: tuple[tuple[str, Any], ...]


def fetch(
    marts: Marts, table: str, columns: Sequence[str], where: str = "true", values: Sequence[Any] = ()
) -> list[Row]:
    """Return columns of a published table over all years; a column that it lacks is NULL, a table has no rows."""
    have = marts.have.get(table)
    if not have:
        return []
    picked = ", ".join(c if c in have else f"null as {c}" for c in columns)
    return marts.rows(f"select {picked} from marts.{table} where {where}", values)


def find(marts: Marts, scale: str, code: str) -> Unit | None:
    """Return the unit as the year knows it; None where nothing of that code is evaluated."""
    table, key = _TABLES[scale]
    columns = sorted(marts.have.get(table, ()))
    where, values = f"{key} = ? and year = ?", [code, marts.year]
    if scale == "industry":
        where = "industry_edition || ':' || industry_code = ? and year = ?"
    row = next(iter(fetch(marts, table, columns, where, values)), {}) if {key, "year"} <= set(columns) else {}
    named = marts.one(
        "select nullif(name_zh, unit_code) as name_zh, district_code from dim_unit "
        "where scale = ? and unit_code = ? order by name_zh",
        [scale, code],
    )
    if row.get("is_industrial") is False or not (row or named):
        return None
    row = {**named, **row}
    return Unit(scale, code, named.get("name_zh"), row, _places(marts, scale, row), _facts(row))


def full_code(marts: Marts, scale: str, code: str | None) -> str:
    """Return the code under which a unit is published: the city's own where none is given, an industry's with edition.

    Raises ConfigurationError when no code is given at another scale.
    """
    if code is None:
        if scale != "city" or marts.city_code is None:
            raise ConfigurationError(f"which {scale} is meant is not said", f"Name its code: explain {scale} CODE.")
        return marts.city_code
    if scale != "industry" or ":" in code:
        return code
    found = marts.rows(
        "select distinct unit_code from dim_unit where scale = 'industry' and ends_with(unit_code, ?) order by all",
        [f":{code}"],
    )
    return found[-1]["unit_code"] if found else code


def why_not(marts: Marts, scale: str, code: str) -> tuple[str, str]:
    """Return what is wrong with a unit that is not published, and what to do: for ConfigurationError."""
    near = ", ".join(_near_codes(marts, scale, code)) or "none"
    if scale == "parcel":
        have = marts.have.get("dim_parcel", set())
        columns = ["land_use_code", "use_state", "district_code", "is_industrial"]
        where = "parcel_code = ? and year = ?"
        row = next(iter(fetch(marts, "dim_parcel", columns, where, [code, marts.year])), {})
        if "is_industrial" in have and row.get("is_industrial") is False:
            return (
                f"parcel {code} is not evaluated in {marts.year}: its land use is {row['land_use_code']}, "
                f"which is not industrial; it stands in dim_parcel only (district {row['district_code']})",
                f"Evaluated parcels with near codes: {near}.",
            )
    years = _years_of(marts, scale, code)
    if years:
        others = ", ".join(str(year) for year in years)
        return f"{scale} {code} is not published in {marts.year}", f"It stands in {others}."
    return f"{scale} {code} has no score in {marts.year} and is not among the published units", f"Near codes: {near}."


def _years_of(marts: Marts, scale: str, code: str) -> list[int]:
    if not {"scale", "unit_code", "year"} <= marts.have.get("dim_unit", set()):
        return []
    rows = marts.rows(
        "select distinct year from marts.dim_unit where scale = ? and unit_code = ? order by year", [scale, code]
    )
    return [row["year"] for row in rows]


def _near_codes(marts: Marts, scale: str, code: str) -> list[str]:
    """Codes of the year that look like the code, or whose name holds it."""
    rows = marts.rows(
        "select unit_code from (select distinct unit_code, contains(coalesce(name_zh, ''), ?) as named from dim_unit "
        f"where scale = ?) order by named desc, levenshtein(unit_code, ?), unit_code limit {NEAR_CODES}",
        [code, scale, code],
    )
    return [row["unit_code"] for row in rows]


def _places(marts: Marts, scale: str, row: Row) -> tuple[Place, ...]:
    result = []
    for column, (label, other) in _PLACES.items():
        code = row.get(column)
        if not code or other == scale:
            continue
        if other == "town":
            found = fetch(marts, "dim_town", ["name_zh"], "town_code = ? and year = ?", [code, marts.year])
        else:
            found = marts.rows(
                "select name_zh from dim_unit where scale = ? and unit_code = ? order by 1", [other, code]
            )
        name = next((r["name_zh"] for r in found if r["name_zh"] != code), None)
        result.append(Place(label, other, code, name))
    return tuple(result)


def _facts(row: Row) -> tuple[tuple[str, Any], ...]:
    return tuple((label, row[name]) for name, label in _FACTS.items() if row.get(name) is not None)
