-- Numerator, denominator and reason of every enterprise indicator; one row for each counted enterprise.
with parts as (
    select
        enterprises.uscc,
        enterprises.industry_edition,
        coalesce(enterprises.division_code, enterprises.section_code, enterprises.industry_code) as industry_code,
        enterprises.district_code,
        land.land_area_m2,
        measures.* exclude (uscc), -- noqa: RF02
        loaded.*,
        1 as enterprise_count,
    from {{ ref('int_enterprise__measures') }} as measures
    inner join {{ ref('int_enterprise__classified') }} as enterprises on measures.uscc = enterprises.uscc
    cross join {{ ref('int_run__loaded') }} as loaded
    left join {{ ref('int_enterprise__land') }} as land on measures.uscc = land.uscc
)

select
    uscc,
    industry_edition,
    industry_code,
    district_code,
    land_area_m2,
    {{ measures() | join(',\n    ') }},
    electricity_10k_kwh,
    {{ indicator_parts(enterprise_indicators()) }}
from parts
