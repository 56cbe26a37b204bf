{{ config(severity='error', tags=['balance'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/forecast/land_supply.py.',
}) }}
-- The supply of the city by source and year is the sum of the items that count; districts and industries lie within it.
with items as (
    select
        base_year,
        scenario,
        source,
        year,
        {{ exact_sum('effective_ha') }} as area_ha,
    from {{ ref('fct_land_supply_item') }}
    where counted
    group by base_year, scenario, source, year
),

flows as (
    select
        supply.base_year,
        supply.scenario,
        supply.source,
        supply.year,
        {{ exact_sum('supply.area_ha', 'supply.district_code = settings.city_code') }} as city_ha,
        {{ exact_sum('supply.area_ha', 'supply.district_code <> settings.city_code') }} as district_ha,
    from {{ ref('fct_land_supply') }} as supply
    cross join {{ ref('stg_profile__settings') }} as settings
    where supply.industry_code = '00'
    group by supply.base_year, supply.scenario, supply.source, supply.year
)

select
    coalesce(items.source, flows.source) as source,
    coalesce(items.year, flows.year) as year,
    items.area_ha,
    flows.city_ha,
    flows.district_ha,
from items
full join flows
    on
        items.base_year = flows.base_year
        and items.scenario = flows.scenario
        and items.source = flows.source
        and items.year = flows.year
where
    not coalesce(abs(items.area_ha - flows.city_ha) <= 1e-6, false)
    or abs(flows.district_ha) > abs(flows.city_ha) + 1e-6
