"""Wrong formulas: single changes of the dbt project, each of which must make a test fail."""

from __future__ import annotations

from .project import Change

_SPECS, _PARTS = "macros/indicators.sql", "macros/indicator_parts.sql"
_REGIONAL = "macros/regional.sql"
_SHARES = "macros/arithmetic.sql"
_MODEL = "models/intermediate/int_{}.sql"
CATALOGUE = "seeds/policy/indicator.csv"


def _model(name: str, old: str, new: str) -> Change:
    return Change(_MODEL.format(name), old, new)


FORMULAS = (
    # numerators, denominators
    Change(
        _SPECS,
        "'numerator': 'fixed_investment_cny10k + coalesce(land_price_cny10k, 0)'",
        "'numerator': 'fixed_investment_cny10k'",
    ),
    Change(_SPECS, "coalesce(land_price_cny10k, 0)', 'denominator'", "land_price_cny10k', 'denominator'"),
    Change(_SPECS, "fixed_investment_cny10k + coalesce", "coalesce(fixed_investment_cny10k, 0) + coalesce"),
    Change(_SPECS, "'numerator': 'counted_floor_area_m2'", "'numerator': 'floor_area_m2'"),
    Change(
        _SPECS,
        "'footprint_m2 + coalesce(structure_footprint_m2, 0) + coalesce(yard_area_m2, 0)'",
        "'footprint_m2 + coalesce(structure_footprint_m2, 0)'",
    ),
    Change(_SPECS, "footprint_m2 + coalesce(structure_footprint_m2, 0)", "footprint_m2 + structure_footprint_m2"),
    Change(
        _SPECS,
        "coalesce(admin_land_area_m2, site_area_m2 * admin_floor_area_m2",
        "coalesce(admin_land_area_m2, admin_floor_area_m2",
    ),
    Change(
        _SPECS,
        "coalesce(admin_land_area_m2, site_area_m2 * admin_floor_area_m2 / nullif(floor_area_m2, 0))",
        "admin_land_area_m2",
    ),
    Change(
        _SPECS,
        "'numerator': 'green_area_m2', 'denominator': 'site_area_m2'",
        "'numerator': 'site_area_m2', 'denominator': 'green_area_m2'",
    ),
    Change(_SPECS, "'numerator': 'green_area_m2'", "'numerator': 'coalesce(green_area_m2, 0)'"),
    Change(
        _SPECS,
        "'numerator': 'output_cny10k', 'denominator': ha(area_m2)",
        "'numerator': 'revenue_cny10k', 'denominator': ha(area_m2)",
    ),
    Change(
        _SPECS,
        "'numerator': 'tax_paid_cny10k', 'denominator': ha(area_m2)",
        "'numerator': 'tax_paid_cny10k', 'denominator': area_m2",
    ),
    Change(
        _SPECS,
        "'numerator': 'value_added_cny10k', 'denominator': ha(area_m2)",
        "'numerator': 'output_cny10k', 'denominator': ha(area_m2)",
    ),
    Change(
        _SPECS, "'numerator': area_m2, 'denominator': 'employees'", "'numerator': 'employees', 'denominator': area_m2"
    ),
    Change(
        _SPECS,
        "['energy_per_output_tce_per_cny10k', 'energy_tce', 'output_cny10k'",
        "['energy_per_output_tce_per_cny10k', 'energy_tce_equivalent', 'output_cny10k'",
    ),
    Change(
        _SPECS,
        "'energy_tce_equivalent', 'output_cny10k', 'energy'",
        "'energy_tce_equivalent', 'revenue_cny10k', 'energy'",
    ),
    Change(_SPECS, "'value_added_cny10k', 'energy_tce', 'energy'", "'energy_tce', 'value_added_cny10k', 'energy'"),
    Change(_SPECS, "'value_added_cny10k', 'emission_t', 'emissions'", "'output_cny10k', 'emission_t', 'emissions'"),
    Change(_SPECS, "'value_added_cny10k', 'employees', none", "'value_added_cny10k', 'rd_staff', none"),
    Change(_SPECS, "'rd_staff', 'employees', none", "'employees', 'rd_staff', none"),
    Change(_SPECS, "'rd_expenditure_cny10k', 'revenue_cny10k', none", "'rd_expenditure_cny10k', 'output_cny10k', none"),
    Change(
        _SPECS,
        "'new_product_sales_cny10k', 'revenue_cny10k', none",
        "'new_product_sales_cny10k', 'output_cny10k', none",
    ),
    # zones
    Change(
        _SPECS,
        "'numerator': 'built_up_ha + b21_ha', 'denominator': 'built_up_ha + not_built_ha'",
        "'numerator': 'built_up_ha', 'denominator': 'built_up_ha + not_built_ha'",
    ),
    Change(
        _SPECS,
        "'code': 'supply_ratio', 'numerator': 'supplied_ha', 'denominator': 'built_up_ha + b21_ha'",
        "'code': 'supply_ratio', 'numerator': 'supplied_ha', 'denominator': 'built_up_ha + not_built_ha'",
    ),
    Change(
        _SPECS,
        "'numerator': 'built_up_ha', 'denominator': 'supplied_ha'",
        "'numerator': 'supplied_ha', 'denominator': 'built_up_ha'",
    ),
    Change(
        _SPECS,
        "'numerator': 'industrial_floor_area_m2', 'denominator': m2('a2_ha')",
        "'numerator': 'industrial_floor_area_m2', 'denominator': m2('built_up_ha')",
    ),
    Change(
        _SPECS,
        "'numerator': 'floor_area_m2', 'denominator': m2('built_up_ha')",
        "'numerator': 'floor_area_m2', 'denominator': 'built_up_ha'",
    ),
    _model("indicators__zone", "d1_ha + d21_ha + d22_ha as", "d1_ha + d21_ha as"),
    _model("indicators__zone", "+ a52_ha + a6_ha as", "+ a52_ha as"),
    Change(
        "models/marts/indicators/fct_zone_year.sql",
        "shares.industrial_share > coalesce",
        "shares.industrial_share >= coalesce",
    ),
    Change(
        "models/marts/indicators/fct_zone_year.sql",
        "a1_ha / nullif(built_up_ha, 0) as housing_share",
        "a2_ha / nullif(built_up_ha, 0) as housing_share",
    ),
    # units
    Change(_SHARES, "({{ area_m2 }} / 10000)", "({{ area_m2 }} / 1000)"),
    Change(_SHARES, "({{ area_ha }} * 10000)", "({{ area_ha }} * 100)"),
    _model(
        "energy__by_enterprise",
        "given.factor_to_base / base.factor_to_base",
        "base.factor_to_base / given.factor_to_base",
    ),
    _model(
        "energy__by_enterprise", "order by valid_from_year desc nulls last", "order by valid_from_year asc nulls last"
    ),
    _model(
        "energy__by_enterprise",
        "case when bool_and(energy_tce is not null) then {{ exact_sum('energy_tce') }} end",
        "{{ exact_sum('energy_tce') }}",
    ),
    _model(
        "energy__by_enterprise",
        "when with_equivalent.energy_type is null then",
        "when paired.equivalent_tce_per_unit is null then",
    ),
    # what counts
    _model("parcel__buildings", "floor_area_m2 + coalesce(floor_area_over_8m_m2, 0)", "floor_area_m2"),
    _model("parcel__buildings", "in ('行政办公', '生活服务')", "in ('行政办公')"),
    _model("enterprise__measures", "('COD', 'NH3-N', 'SO2', 'NOx')", "('COD', 'NH3-N', 'SO2', 'NOx', 'VOCs')"),
    _model(
        "enterprise__classified", "registration_state not in ('注销', '吊销')", "registration_state not in ('注销')"
    ),
    _model(
        "enterprise__classified",
        "registration_state not in ('注销', '吊销'), true",
        "registration_state not in ('注销', '吊销'), false",
    ),
    _model("parcel__year", "coalesce(land_uses.is_industrial, false)", "coalesce(land_uses.is_industrial, true)"),
    # pairing and shares
    Change(
        _SHARES,
        "= {{ sums }}.pair_count and {{ sums }}.sum_floor_area_m2 >= 1e-6",
        "> 0 and {{ sums }}.sum_floor_area_m2 >= 1e-6",
    ),
    Change(
        _SPECS,
        "{'numerator': spec.code ~ '__num', 'denominator': spec.denominator}",
        "{'numerator': spec.code ~ '__num', 'denominator': spec.code ~ '__den'}",
    ),
    Change(
        _SHARES,
        "{{ pairs }}.land_area_m2 / {{ sums }}.sum_land_area_m2",
        "{{ pairs }}.land_area_m2 / {{ sums }}.sum_floor_area_m2",
    ),
    Change(_SHARES, "1.0::double / {{ sums }}.pair_count", "1.0::double"),
    _model(
        "pairing__declared",
        "occupancy.start_date <= make_date({{ eval_year() }}, 12, 31)",
        "occupancy.start_date <= make_date({{ eval_year() }}, 1, 1)",
    ),
    _model("pairing__declared", "coalesce(occupancy.start_date <= occupancy.end_date, true)", "true"),
    _model("pairing__shares", "min(parcel_code) as parcel_code", "max(parcel_code) as parcel_code"),
    _model(
        "pairing__unpaired_points",
        "as occupancy on enterprises.uscc = occupancy.uscc",
        "as occupancy on enterprises.uscc = occupancy.uscc and occupancy.end_date is null",
    ),
    _model("pairing__parts", "measures.{{ measure }} * shares.share as", "measures.{{ measure }} as"),
    _model("enterprise__land", "parcels.site_area_m2 *", "1 *"),
    # sums of areas, and reasons
    Change(_PARTS, "{{ exact_sum(numerator, denominator ~ ' is not null') }}", "{{ exact_sum(numerator) }}"),
    Change(_PARTS, "{{ exact_sum(denominator, numerator ~ ' is not null') }}", "{{ exact_sum(denominator) }}"),
    Change(_SHARES, "when {{ register }} then 0 end", "else 0 end"),
    Change(_PARTS, "count(distinct shares.uscc) as enterprise_count", "count(*) as enterprise_count"),
    Change(_PARTS, "when enterprise_count = 0 then 'no_enterprise'", "when enterprise_count = 0 then 'value_missing'"),
    Change(
        _PARTS,
        "when ({{ spec.denominator }}) = 0 then 'zero_denominator'",
        "when ({{ spec.denominator }}) = 0 then 'value_missing'",
    ),
    Change(_SPECS, "spec.code.startswith('land_')", "spec.code.startswith('land_t')"),
    Change(_SPECS, "'needs': ['enterprises', 'taxes']", "'needs': ['enterprises', 'operations']"),
    Change(
        _SPECS,
        "then 'value_missing' else 'register_not_loaded' end",
        "then 'register_not_loaded' else 'value_missing' end",
    ),
    Change(
        _PARTS,
        "then {{ spec.code }}__num / {{ spec.code }}__den end",
        "then {{ spec.code }}__den / {{ spec.code }}__num end",
    ),
    _model("pairing__unmatched", "where not is_industrial", "where is_industrial"),
    _model("block__year", "where block_code is not null", "where block_code is not null and is_industrial"),
)

REGIONAL = (
    Change(_REGIONAL, "({{ area_ha }} / 100)", "({{ area_ha }} / 10)"),
    Change(
        _REGIONAL,
        "'numerator': 'region_gdp_cny10k', 'denominator': km2(all_land)",
        "'numerator': 'region_gdp_cny10k', 'denominator': km2(urban_rural)",
    ),
    Change(
        _REGIONAL,
        "'numerator': 'region_stock_supplied_ha', 'denominator': 'region_supplied_ha'",
        "'numerator': 'region_supplied_ha', 'denominator': 'region_stock_supplied_ha'",
    ),
    Change(_REGIONAL, "before ~ ' - ' ~ now, before", "now ~ ' - ' ~ before, before"),
    Change(
        _REGIONAL, "_growth_ratio(people), _growth_ratio(urban_rural)", "_growth_ratio(people), _growth_ratio(all_land)"
    ),
    Change(_REGIONAL, "_growth(measure, 'city', 'city_previous') }}, 0))", "_growth(measure) }}, 0))"),
    _model("region__year", "and region.year = previous.from_year + 1", "and region.year = previous.from_year"),
    Change("macros/indicator_parts.sql", "< 0 then 'no_growth'", "< 0 then 'zero_denominator'"),
)

WORDS = (
    Change(CATALOGUE, "green_ratio,绿地率,Green ratio,1,negative", "green_ratio,绿地率,Green ratio,1,positive"),
    Change(
        CATALOGUE,
        "land_output_cny10k_per_ha,土地产出率,Land output,万元/ha,positive",
        "land_output_cny10k_per_ha,土地产出率,Land output,万元/ha,negative",
    ),
    Change(CATALOGUE, "Land per employee,m2/人", "Land per employee,ha/人"),
    Change(CATALOGUE, "Energy per output,tce/万元,negative", "Energy per output,kgce/万元,negative"),
    Change(CATALOGUE, "idle_ratio,土地闲置率,Idle ratio,1,negative", "idle_ratio,土地闲置率,Idle ratio,1,positive"),
)
