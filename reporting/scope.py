"""What a page of the report is about: the city, a district or a zone, and the rows of the marts that belong to it.

The year's rows are read once into memory with the district and zone they belong to; `narrow` then lets the same names
(`dim_parcel`, `fct_score`, …) show only the rows of one scope, so that every chapter is one piece of code.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import quote

from landgauge.sql import literal
from reporting.marts import Marts

LONGEST = 120  # characters of a code in a file name


@dataclass(frozen=True)
class Scope:
    """A unit that has a page: scale (city, district or zone), code, name, and the district of a zone."""

    scale: str
    code: str
    name: str
    district: str | None = None

    @property
    def page(self) -> str:
        """The file name of its page, safe for any code and another one for any other code."""
        return "city.html" if self.scale == "city" else f"{self.scale}-{safe(self.code)}.html"

    def where(self, district: str = "district_code", zone: str | None = "zone_code", start: str = " and ") -> str:
        """Return the SQL condition that a published table is filtered by, after `start`; empty for the city."""
        if self.scale == "city":
            return ""
        column = zone if self.scale == "zone" else district
        return f"{start}{column} = {literal(self.code)}"


def safe(code: str) -> str:
    """Return a code as a part of a file name: other characters than letters, digits, `-`, `_` and `.` as ~XX."""
    text = quote(code, safe="").replace("~", "%7E").replace("%", "~")
    return text if len(text) <= LONGEST else hashlib.sha256(code.encode()).hexdigest()


_SCOPES = """
with d as (
    select district_code as code from fct_district_year union select district_code from dim_parcel where is_industrial
),
n as (
    select district_code, arg_max(name_zh, valid_from_year) as name_zh from dim_district
    where valid_from_year <= $year and coalesce(valid_to_year, 9999) >= $year group by all
),
found as (
    select 'district' as scale, d.code, coalesce(u.name_zh, n.name_zh, d.code) as name, d.code as district
    from d left join dim_unit as u on u.scale = 'district' and u.unit_code = d.code
    left join n on n.district_code = d.code
    union all
    select 'zone', z.zone_code, coalesce(m.name_zh, z.zone_code), m.district_code
    from fct_zone_year as z left join dim_zone as m on m.zone_code = z.zone_code
)
select distinct on (scale, code) * from found where code is not null order by scale, code
"""


def scopes(marts: Marts) -> list[Scope]:
    """Return every scope of the year that has a page: the city, its districts, its zones, in order of code."""
    city = marts.one("select name_zh from dim_unit where scale = 'city' order by unit_code")
    code = marts.city_code or ""
    first = Scope("city", code, city.get("name_zh") or code)
    return [first] + [Scope(**row) for row in marts.rows(_SCOPES.replace("$year", str(marts.year)))]


# With the district and zone (as of_district, of_zone) that each row belongs to.
_SCOPED = {
    "dim_parcel": "select *, district_code as of_district, zone_code as of_zone from dim_parcel",
    "fct_parcel_year": "select y.*, p.of_district, p.of_zone from fct_parcel_year as y "
    "left join base_dim_parcel as p on p.parcel_code = y.parcel_code",
    "fct_score": "",
    "fct_score_change": "",
    "fct_objection": "",
    "fct_publication_change": "",
    "fct_stage_due": "select d.* replace (coalesce(d.parcel_code, a.parcel_code) as parcel_code), "
    "d.district_code as of_district, p.of_zone from fct_stage_due as d "
    "left join dim_agreement as a on a.agreement_no = d.agreement_no "
    "left join base_dim_parcel as p on p.parcel_code = coalesce(d.parcel_code, a.parcel_code)",
    "fct_stage_result": "select *, district_code as of_district, zone_code as of_zone from fct_stage_result",
    "fct_low_efficiency_parcel": "select *, district_code as of_district, zone_code as of_zone "
    "from fct_low_efficiency_parcel",
    "fct_district_year": "select *, district_code as of_district, null::varchar as of_zone from fct_district_year",
    "fct_zone_year": "select z.*, d.district_code as of_district, z.zone_code as of_zone from fct_zone_year as z "
    "left join dim_zone as d on d.zone_code = z.zone_code",
}
_OF_UNIT = (
    "select s.*, u.of_district, u.of_zone from {table} as s "
    "left join base_unit as u on u.scale = s.scale and u.unit_code = s.unit_code"
)
_UNITS = (
    "select 'parcel' as scale, parcel_code as unit_code, of_district, of_zone from base_dim_parcel union all "
    "select scale, unit_code, district_code, case scale when 'zone' then unit_code end from dim_unit "
    "where scale <> 'parcel'"
)
# Read once, the same on every page: what would be summed up or looked for again and again.
_ONCE = {
    "dim_unit": "select * from dim_unit",
    "dim_agreement": "select * from dim_agreement",
    "fct_land_balance": "select * from fct_land_balance where industry_code = '00'",
    "fct_land_demand": "select * from fct_land_demand where industry_code = '00'",
    "fct_land_supply": "select * from fct_land_supply where industry_code = '00'",
    "fct_land_sensitivity": "select * from fct_land_sensitivity where industry_code = '00'",
    "fct_land_gap": "select * from fct_land_gap where industry_code = '00'",
    "fct_land_supply_item": "select * from fct_land_supply_item",
    "obstacle": "select scale, scheme_code, scheme_version, unit_code, "
    "arg_max(indicator_code, (obstacle_degree, indicator_code)) as indicator_code from fct_score_component "
    "where obstacle_degree > 0 and scale = 'parcel' group by all",
    "fct_indicator_change": "select * from fct_indicator_change where scale in ('zone', 'district', 'city')",
    "missing_value": "select v.unit_code, v.scale, v.indicator_code, v.null_reason from fct_indicator_value as v "
    "where v.value is null and v.null_reason is not null and v.scale in ('zone', 'district', 'city')",
    "gap": "select p.of_district, p.of_zone, v.indicator_code, v.null_reason, count(*) as n, "
    "count(*) filter (where v.value is null) as missing from fct_indicator_value as v "
    "inner join base_dim_parcel as p on p.parcel_code = v.unit_code where v.scale = 'parcel' group by all",
}


def prepare(marts: Marts) -> None:
    """Read what depends on the scope into memory, once for all pages; every name then shows the city's rows."""
    for name, sql in _SCOPED.items():
        marts.execute(f"create temp table base_{name} as {sql or _OF_UNIT.format(table=name)}")
        if name == "dim_parcel":
            marts.execute(f"create temp table base_unit as {_UNITS}")
    for name, sql in _ONCE.items():
        marts.execute(f"create temp table base_{name} as {sql}")
        marts.execute(f"create or replace temp view {name} as select * from base_{name}")
    narrow(marts, None)


def narrow(marts: Marts, scope: Scope | None) -> None:
    """Let the names of the marts show only the rows of a scope; None: the city's."""
    marts.area_code = scope.code if scope else None
    column = {"district": "of_district", "zone": "of_zone"}.get(scope.scale if scope else "city")
    where = f" where {column} = {literal(scope.code)}" if scope and column else ""
    for name in [*_SCOPED, "gap"]:
        marts.execute(f"create or replace temp view {name} as select * from base_{name}{where}")
