{{ config(severity='error', tags=['balance'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/forecast/land_demand.py.',
}) }}
-- The demand of the districts, and of the sections, adds up to the city's and the districts' wherever a forecast stands
-- for each of them; what the base year's land does not allocate is an item of its own.
with combined as (
    select
        base_year,
        year,
        scenario,
        district_code,
        industry_code,
        land_ha,
        land_ha - demand_ha as base_ha,
    from {{ ref('fct_land_demand') }}
    where method = 'combination'
),

wholes as (
    select
        'district' as along,
        parts.base_year,
        parts.year,
        parts.scenario,
        parts.industry_code as code,
        {{ exact_sum('parts.land_ha', 'parts.district_code = settings.city_code') }} as whole_ha,
        {{ exact_sum('parts.base_ha', 'parts.district_code = settings.city_code') }} as whole_base_ha,
        {{ exact_sum('parts.land_ha', 'parts.district_code <> settings.city_code') }} as parts_ha,
        {{ exact_sum('parts.base_ha', 'parts.district_code <> settings.city_code') }} as parts_base_ha,
    from combined as parts
    cross join {{ ref('stg_profile__settings') }} as settings
    group by parts.base_year, parts.year, parts.scenario, parts.industry_code
    union all
    select
        'industry' as along,
        base_year,
        year,
        scenario,
        district_code as code,
        {{ exact_sum('land_ha', "industry_code = '00'") }} as whole_ha,
        {{ exact_sum('base_ha', "industry_code = '00'") }} as whole_base_ha,
        {{ exact_sum('land_ha', "regexp_matches(industry_code, '^[A-Z]$')") }} as parts_ha,
        {{ exact_sum('base_ha', "regexp_matches(industry_code, '^[A-Z]$')") }} as parts_base_ha,
    from combined
    group by base_year, year, scenario, district_code
)

select *,
from wholes
where
    abs(whole_base_ha - parts_base_ha) <= 1e-9 * whole_base_ha
    and abs(whole_ha - parts_ha) > 1e-6 * greatest(whole_ha, 1)
