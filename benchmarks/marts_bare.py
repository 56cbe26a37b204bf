"""The indicator marts of one year by a bare script: DuckDB and nothing else, each table by its shortest way.

It is written for one purpose, to be what the dbt project is measured against: the same tables with the same columns
from the same accepted rows, but plain sums of DOUBLE, no tests, no contracts, no lineage, no regional indicators.
"""

from __future__ import annotations

import duckdb

MEASURES = (
    *("output_cny10k", "revenue_cny10k", "value_added_cny10k", "fixed_investment_cny10k", "employees", "rd_staff"),
    *("rd_expenditure_cny10k", "new_product_sales_cny10k", "tax_paid_cny10k", "energy_tce", "energy_tce_equivalent"),
    "emission_t",
)
PAIRS = {
    "energy_per_output_tce_per_cny10k": ("energy_tce", "output_cny10k"),
    "energy_per_output_tce_per_cny10k_equivalent": ("energy_tce_equivalent", "output_cny10k"),
    "value_added_per_energy_cny10k_per_tce": ("value_added_cny10k", "energy_tce"),
    "value_added_per_energy_cny10k_per_tce_equivalent": ("value_added_cny10k", "energy_tce_equivalent"),
    "value_added_per_emission_cny10k_per_t": ("value_added_cny10k", "emission_t"),
    "labour_productivity_cny10k_per_person": ("value_added_cny10k", "employees"),
    "rd_staff_ratio": ("rd_staff", "employees"),
    "rd_intensity": ("rd_expenditure_cny10k", "revenue_cny10k"),
    "new_product_ratio": ("new_product_sales_cny10k", "revenue_cny10k"),
}
_BUILT = {
    "investment_intensity_cny10k_per_ha": ("fixed_investment_cny10k + coalesce(land_price_cny10k, 0)", "area / 10000"),
    "plot_ratio": ("counted_floor_area_m2", "area"),
    "building_coefficient": ("footprint_m2 + coalesce(structure_footprint_m2, 0) + coalesce(yard_area_m2, 0)", "area"),
    "green_ratio": ("green_area_m2", "area"),
    "admin_land_ratio": ("coalesce(admin_land_area_m2, area * admin_floor_area_m2 / nullif(floor_area_m2, 0))", "area"),
}
_LAND = {
    "land_output_cny10k_per_ha": ("output_cny10k", "area / 10000"),
    "land_tax_cny10k_per_ha": ("tax_paid_cny10k", "area / 10000"),
    "land_value_added_cny10k_per_ha": ("value_added_cny10k", "area / 10000"),
    "land_per_employee_m2_per_person": ("area", "employees"),
}
_SUMMED = {code: (f"{code}_n", f"{code}_d") for code in PAIRS}
_PARCEL = _BUILT | _LAND | _SUMMED
_AREA = {code: (f"{code}_n", f"{code}_d") for code in _BUILT} | _LAND | _SUMMED
_AREA["investment_intensity_cny10k_per_ha"] = ("investment_intensity_cny10k_per_ha_n", "area / 10000")
_ZONE = {
    "development_ratio": ("a + b21_ha", "a + b"), "supply_ratio": ("d", "a + b21_ha"), "built_ratio": ("a", "d"),
    "industrial_land_ratio": ("a2_ha", "a"), "plot_ratio": ("floor_area_m2", "a * 10000"),
    "building_density": ("footprint_m2", "a * 10000"),
    "industrial_plot_ratio": ("industrial_floor_area_m2", "a2_ha * 10000"),
    "industrial_building_coefficient": ("industrial_footprint_m2", "a2_ha * 10000"),
    "investment_intensity_cny10k_per_ha": ("fixed_investment_cny10k", "a2_ha"),
    "land_tax_cny10k_per_ha": ("industrial_tax_cny10k", "a2_ha"),
    "comprehensive_land_tax_cny10k_per_ha": ("secondary_tertiary_tax_cny10k", "a"),
    "population_density_person_per_ha": ("resident_population", "a"), "idle_ratio": ("g_ha", "d"),
}  # fmt: skip
_SCALES = (
    ("parcel", "parcel_code", "p", _PARCEL), ("enterprise", "uscc", "e", _LAND | PAIRS),
    ("block", "block_code", "b", _AREA), ("zone", "zone_code", "z", _ZONE), ("district", "district_code", "d", _AREA),
    ("city", "city_code", "c", _AREA), ("industry", "edition || ':' || industry_code", "i", _LAND | _SUMMED),
)  # fmt: skip
MADE = frozenset((scale, code) for scale, _, _, specs in _SCALES for code in specs)  # values of fct_indicator_value
_FIRMS = ", ".join(f"sum({m}) as {m}" for m in MEASURES)
_BOTH = ", ".join(
    f"sum({n}) filter ({d} is not null) as {code}_n, sum({d}) filter ({n} is not null) as {code}_d"
    for code, (n, d) in PAIRS.items()
)
_SHARE = """
case when count(floor_area_m2) over w = count(*) over w and sum(floor_area_m2) over w > 0
    then floor_area_m2 / sum(floor_area_m2) over w
    when count(land_area_m2) over w = count(*) over w and sum(land_area_m2) over w > 0
    then land_area_m2 / sum(land_area_m2) over w else 1.0 / count(*) over w end"""
_OF_PARCELS = ", ".join(
    ["sum(area) as area", "sum(firms) as firms", _FIRMS]
    + [
        f"sum({n}) filter (({d}) is not null) as {code}_n, sum({d}) filter (({n}) is not null) as {code}_d"
        for code, (n, d) in (_BUILT | _SUMMED).items()
    ]
)
_TEMPORARY = {
    "factor": """
select c.energy_type, u.unit,
    max(u.factor_to_base / b.factor_to_base * tce_per_unit) filter (accounting = 'calorific') as calorific,
    max(u.factor_to_base / b.factor_to_base * tce_per_unit) filter (accounting = 'equivalent') as equivalent
from (select * from work.policy.energy_coefficient where coalesce(valid_from_year, 0) <= getvariable('year')
    and coalesce(valid_to_year, 9999) >= getvariable('year') qualify row_number() over (
    partition by energy_type, accounting order by valid_from_year desc nulls last, edition desc) = 1) as c
join work.policy.unit as b on c.per_unit = b.unit join work.policy.unit as u using (dimension) group by all""",
    "code": """
with recursive above as (
    select edition, code, code as top, level, parent_code from work.profile.industry
    union all
    select a.edition, a.code, i.code, i.level, i.parent_code
    from above as a join work.profile.industry as i on a.edition = i.edition and a.parent_code = i.code)
select edition, case when regexp_full_match(code, '[A-Z]\\d+') then substr(code, 2) else code end as short, code,
    max(top) filter (level = 1) as section_code, max(top) filter (level = 2) as division_code,
    max(top) filter (level = 3) as group_code, max(top) filter (level = 4) as class_code
from above group by all""",
    "f": """
select e.*, coalesce(e.industry_edition, '2017') as edition, section_code, division_code, group_code, class_code,
    coalesce(registration_state not in ('注销', '吊销'), true) as counted
from enterprises as e left join code on coalesce(e.industry_edition, '2017') = code.edition
    and ltrim(e.industry_code, 'ABCDEFGHIJKLMNOPQRST') = short""",
    "pair": f"""
with declared as (
    select o.parcel_code, o.uscc, tenure, floor_area_m2, land_area_m2, 'declared' as matched_by
    from occupancy as o join f on o.uscc = f.uscc and counted
    where coalesce(start_date <= make_date(getvariable('year'), 12, 31), true)
        and coalesce(end_date >= make_date(getvariable('year'), 1, 1), true)
        and coalesce(start_date <= end_date, true)),
points as (select uscc, longitude, latitude from f anti join occupancy using (uscc)
    where counted and longitude is not null and latitude is not null),
hits as (select points.uscc, parcels.parcel_code from points join parcels
    on st_intersects(st_geomfromwkb(parcels.geometry), st_point(points.longitude, points.latitude)))
select *, {_SHARE} as share from (
    from declared union all
    select min(parcel_code), uscc, null, null, null, 'point_in_parcel' from hits group by uscc)
window w as (partition by uscc)""",
    "m": """
select f.uscc, o.* exclude (load_id, row_no, data_year, uscc), t.tax_paid_cny10k, n.energy_tce,
    n.energy_tce_equivalent, x.emission_t
from f left join operations as o using (uscc) left join taxes as t using (uscc)
left join (select uscc, sum(quantity * calorific) as energy_tce, sum(quantity * coalesce(equivalent, calorific)) as
    energy_tce_equivalent from energy left join factor using (energy_type, unit) group by uscc) as n using (uscc)
left join (select uscc, sum(emission_t) as emission_t from emissions
    where pollutant in ('COD', 'NH3-N', 'SO2', 'NOx') group by uscc) as x using (uscc)
where counted""",
    "land": f"""
select uscc, sum(area) as area from (select uscc, site_area_m2 * {_SHARE} as area
    from pair join parcels using (parcel_code) window w as (partition by parcel_code)) group by uscc""",
    "e": """
select m.*, f.edition, f.district_code, coalesce(division_code, section_code, industry_code) as industry_code, area,
    1 as firms
from m join f using (uscc) left join land using (uscc)""",
    "part": f"""
select pair.parcel_code, pair.uscc, coalesce(is_industrial, false) as industrial, {
        ", ".join(f"m.{x} * share as {x}" for x in MEASURES)
    }
from pair join m using (uscc) left join parcels using (parcel_code)
left join work.profile.land_use as u on parcels.land_use_code = u.code""",
    "p": f"""
with built as (select parcel_code, sum(footprint_m2) as footprint_m2, sum(floor_area_m2) as floor_area_m2,
    sum(floor_area_m2 + coalesce(floor_area_over_8m_m2, 0)) as counted_floor_area_m2,
    sum(case when building_use in ('行政办公', '生活服务') then floor_area_m2 when building_use is not null then 0 end)
    as admin_floor_area_m2 from buildings group by parcel_code),
registered as (select distinct district_code from parcels semi join built using (parcel_code)),
sums as (select parcel_code, count(*) as firms, {_FIRMS}, {_BOTH} from part group by parcel_code)
select parcels.*, parcels.site_area_m2 as area, sums.* exclude (parcel_code, firms), coalesce(firms, 0) as firms, {
        ", ".join(
            f"case when built.parcel_code is not null then {x} when r.district_code is not null then 0 end as {x}"
            for x in ("footprint_m2", "floor_area_m2", "counted_floor_area_m2", "admin_floor_area_m2")
        )
    }
from parcels join work.profile.land_use as u on parcels.land_use_code = u.code and is_industrial
left join built using (parcel_code) left join sums using (parcel_code)
left join registered as r using (district_code)""",
    "b": f"select block_code, {_OF_PARCELS} from p where block_code is not null group by block_code",
    "d": f"select district_code, {_OF_PARCELS} from p group by district_code",
    "c": f"select '440100' as city_code, {_OF_PARCELS} from p",
    "i": f"select edition, industry_code, sum(area) as area, count(*) as firms, {_FIRMS}, {_BOTH} from e group by all",
    "z": """
select *, 1 as firms, a1_ha + a2_ha + a31_ha + a32_ha + a4_ha + a51_ha + a52_ha + a6_ha as a,
    b11_ha + b12_ha + b21_ha + b22_ha as b, d1_ha + d21_ha + d22_ha as d from zones""",
}
_UNITS = (
    ("parcel", "parcel_code", "parcel_name", "district_code", "town_code", "p"),
    ("enterprise", "uscc", "enterprise_name", "district_code", "town_code", "f where counted"),
    ("block", "block_code", "null", "null", "null", "b"),
    ("zone", "zone_code", "zone_name", "district_code", "null", "z"),
    ("district", "district_code", "null", "district_code", "null", "d"),
    ("city", "city_code", "null", "null", "null", "c"),
    ("industry", "edition || ':' || industry_code", "null", "null", "null", "i"),
)
_RUN = "getvariable('year') as year, 'bare' as run_id"


def build(con: duckdb.DuckDBPyConnection, year: int) -> None:
    """Make the tables of one year in schema `marts` of the connection; the city is attached as `work`."""
    con.execute(f"create schema if not exists marts; set variable year = {year}")
    for dataset in (
        *("parcels", "buildings", "enterprises", "occupancy", "operations", "taxes", "energy", "emissions", "zones"),
    ):
        con.execute(f"create or replace temp view {dataset} as from work.accepted.{dataset} where data_year = {year}")
    for name, sql in _TEMPORARY.items():
        con.execute(f"create or replace temp table {name} as {sql}")
    for name, sql in _marts().items():
        con.execute(f"create or replace table marts.{name} as {sql}")


def _marts() -> dict[str, str]:
    units = [
        f"select '{scale}' as scale, {code} as unit_code, {name} as name_zh, {district} as district_code, "
        f"{town} as town_code, {_RUN} from {source}"
        for scale, code, name, district, town, source in _UNITS
    ]
    wide = {
        f"fct_{scale}_year": f"select * exclude ({', '.join(_hidden(scale))}), {_values(specs)}, {_RUN} from {source}"
        for scale, _, source, specs in _SCALES
    }
    return wide | {
        "dim_parcel": f"select *, {_RUN} from parcels",
        "dim_enterprise": f"select *, {_RUN} from f",
        "dim_unit": " union all ".join(units),
        "dim_block": f"select block_code, {_RUN} from b",
        "dim_zone": f"select *, {_RUN} from zones",
        "bridge_parcel_enterprise": f"select parcel_code, uscc, share, tenure, matched_by, {_RUN} from pair",
        "fct_indicator_value": " union all ".join(
            f"select '{scale}' as scale, {unit} as unit_code, '{code}' as indicator_code, "
            f"case when {_reason(code, n, d)} is null then ({n}) / ({d}) end as value, "
            f"{_reason(code, n, d)} as null_reason, "
            f"({n})::double as numerator, ({d})::double as denominator, {_RUN} from {source}"
            for scale, unit, source, specs in _SCALES
            for code, (n, d) in specs.items()
        ),
    }


def _hidden(scale: str) -> list[str]:
    """Columns that stand in the working table and not in the mart."""
    summed = list(PAIRS) if scale in ("parcel", "industry") else [*_BUILT, *PAIRS]
    if scale in ("parcel", "block", "district", "city", "industry"):
        return [f"{code}_{part}" for code in summed for part in "nd"] + (["geometry"] if scale == "parcel" else [])
    return ["firms"]


def _reason(code: str, numerator: str, denominator: str) -> str:
    none = "firms = 0" if code in _LAND | PAIRS or code.startswith("investment") else "false"
    return (
        f"case when {none} then 'no_enterprise' when ({numerator}) is null or ({denominator}) is null "
        f"then 'value_missing' when ({denominator}) = 0 then 'zero_denominator' end"
    )


def _values(specs: dict[str, tuple[str, str]]) -> str:
    return ", ".join(f"case when ({d}) <> 0 then ({n}) / ({d}) end as {code}" for code, (n, d) in specs.items())
