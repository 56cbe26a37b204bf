-- Numerator, denominator and reason of every indicator of an industry: sums over its counted enterprises.
with sums as (
    select
        industry_edition,
        industry_code,
        count(*) as enterprise_count,
        {{ exact_sum('land_area_m2') }} as land_area_m2,
        {{ enterprise_sums() }}
    from {{ ref('int_indicators__enterprise') }}
    group by industry_edition, industry_code
)

select
    sums.industry_edition,
    sums.industry_code,
    sums.enterprise_count,
    sums.land_area_m2,
    {{ measures() | join(',\n    ') }},
    {{ indicator_parts(industry_indicators()) }}
from sums
cross join {{ ref('int_run__loaded') }}
