"""Where the figures of a page come from: for each table and chart the query on the published marts that returns them.

Each is what `landgauge query` runs. Its filters are the page's year and scope; thresholds and forms stand in the page.
"""

from __future__ import annotations

from collections.abc import Mapping

from landgauge.sql import literal
from reporting.marts import Marts
from reporting.scope import Scope
from reporting.scores import Result

_LAND = {
    "balance": "fct_land_balance",
    "supply": "fct_land_supply",
    "demand": "fct_land_demand",
    "moves": "fct_land_sensitivity",
    "gaps": "fct_land_gap",
    "activity": "fct_activity_forecast",
}


def origins(marts: Marts, scope: Scope, parcel: Result | None) -> dict[str, str]:
    """Return the queries by the name of what they return; `parcel` is the result that maps and lists show."""
    year = f"year = {marts.year}"
    found = {"indicators": "select * from marts.dim_indicator"}
    found |= _areas(scope, year) | _scores(scope, year, parcel) | _contracts(marts, scope, year)
    found |= _land(marts, scope) | _quality(scope, year)
    return found | {
        "notices": f"select * from marts.fct_public_notice where {year}",
        "objections": f"select * from marts.fct_objection where {year}{_units(scope, year)}",
        "publication": f"select * from marts.fct_publication_change where {year}{_units(scope, year)}",
        "run": f"select * from marts.fct_run where run_id = {literal(marts.run['run_id'])}",
        "schemes": "select * from marts.dim_scheme",
        "weights": f"select * from marts.fct_weight where {year}",
        "ideals": f"select * from marts.fct_ideal_value where {year}",
    }


def _areas(scope: Scope, year: str) -> dict[str, str]:
    zone = scope.where("zone_code in (select zone_code from marts.dim_zone where district_code", "zone_code")
    closing = ")" if scope.scale == "district" else ""
    return {
        "districts": f"select * from marts.fct_district_year where {year}{scope.where(zone=None)}"
        if scope.scale != "zone"
        else "",
        "city": f"select * from marts.fct_city_year where {year}",
        "zones": f"select * from marts.fct_zone_year where {year}{zone}{closing}",
        "growth": f"select * from marts.fct_indicator_change where {year} and scale = '{scope.scale}' "
        f"and unit_code = {literal(scope.code)}",
    }


def _units(scope: Scope, year: str) -> str:
    """Return the condition on units: a district's are those of dim_unit, a zone's its parcels and itself."""
    return {
        "city": "",
        "district": f" and (scale, unit_code) in (select (scale, unit_code) from marts.dim_unit where {year} "
        f"and district_code = {literal(scope.code)})",
        "zone": f" and ((scale = 'zone' and unit_code = {literal(scope.code)}) or (scale = 'parcel' and unit_code in "
        f"(select parcel_code from marts.dim_parcel where {year} and zone_code = {literal(scope.code)})))",
    }[scope.scale]


def _scores(scope: Scope, year: str, parcel: Result | None) -> Mapping[str, str]:
    units = _units(scope, year)
    found = {
        "scores": "select scale, scheme_code, scheme_version, grade, count(*) as n, median(score) as median "
        f"from marts.fct_score where {year} and rated{units} group by all order by all",
        "change": "select scale, scheme_code, scheme_version, count(score_change) as compared, "
        "avg(score_change) as mean_change, avg(data_effect) as data_effect, avg(ideal_effect) as ideal_effect, "
        "avg(weight_effect) as weight_effect "
        f"from marts.fct_score_change where {year}{units} group by all order by all",
        "map": f"select parcel_code, site_area_m2, geometry from marts.dim_parcel where {year} and is_industrial"
        f"{scope.where()}",
    }
    if parcel:
        of = (
            f"{year} and scale = 'parcel' and scheme_code = {literal(parcel.scheme_code)} "
            f"and scheme_version = {literal(parcel.scheme_version)}{units}"
        )
        found["parcels"] = f"select * from marts.fct_score where {of} and rated order by score, unit_code"
        found["movers"] = f"select * from marts.fct_score_change where {of} order by score_change desc, unit_code"
    return found


def _contracts(marts: Marts, scope: Scope, year: str) -> dict[str, str]:
    of_zone = f" and parcel_code in (select parcel_code from marts.dim_parcel where {year}{scope.where()})"
    where = of_zone if scope.scale == "zone" else scope.where()
    return {
        "due": "select state, count(*) as n, count(distinct agreement_no) as agreements from marts.fct_stage_due "
        f"where as_of_date = date '{marts.run['as_of_date']}'{where} group by all order by all",
        "results": "select stage, result, count(*) as n from marts.fct_stage_result where evaluation_year = "
        f"{marts.year}{scope.where()} group by all order by all",
        "low": "select main_reason, count(*) as parcels, sum(site_area_m2) as area_m2 from "
        f"marts.fct_low_efficiency_parcel where {year}{scope.where()} group by all order by all",
    }


def _land(marts: Marts, scope: Scope) -> dict[str, str]:
    if scope.scale == "zone":
        return {}
    of = f"base_year = {marts.year} and district_code = {literal(scope.code)} and industry_code = '00'"
    found = {name: f"select * from marts.{table} where {of}" for name, table in _LAND.items()}
    return found | {
        "accuracy": f"select * from marts.fct_forecast_accuracy where base_year = {marts.year}",
        "district_balance": f"select * from marts.fct_land_balance where base_year = {marts.year} "
        "and industry_code = '00' order by district_code, scenario, year",
    }


def _quality(scope: Scope, year: str) -> dict[str, str]:
    return {
        "ledger": "select dataset, state, count(*) as files, sum(rows_in) as rows_in, sum(accepted) as accepted, "
        "sum(quarantined) as quarantined, sum(superseded) as superseded "
        f"from marts.fct_load where {year} group by all order by all",
        "rules": "select dataset, rule_code, severity, count(*) as n from marts.fct_quarantine "
        f"where {year} group by all order by all",
        "gaps": "select v.indicator_code, v.null_reason, count(*) as n from marts.fct_indicator_value as v "
        "inner join marts.dim_parcel as p on p.parcel_code = v.unit_code and p.year = v.year "
        f"where v.{year} and v.scale = 'parcel' and v.value is null"
        f"{scope.where('p.district_code', 'p.zone_code')} group by all order by n desc",
    }
