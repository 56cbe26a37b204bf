-- Coupling C, comprehensive index T and coordination D of the systems of a region and year, in both published forms.
-- standard: C = n (product u)^(1/n) / sum u, T = mean u. corrected (Wang Shujia et al. 2021):
-- C = sqrt((1 - mean |ui - uj|) (product ui / umax)^(1/(n - 1))), T = weighted mean u. D = sqrt(C T) in both.
with systems as (
    select
        scale,
        unit_code,
        year,
        count(*) as n,
        bool_and(benefit_index is not null) as is_complete,
        bool_or(illustrative) as illustrative,
        max(benefit_index) as highest,
        {{ exact_sum('benefit_index') }} as total,
        {{ exact_sum('system_weight * benefit_index') }} / nullif({{ exact_sum('system_weight') }}, 0) as weighted_mean,
        {{ list_in_order('benefit_index', 'system') }} as indices,
    from {{ ref('int_region__benefit') }}
    group by scale, unit_code, year
),

parts as (
    select
        *,
        {{ product_of(each_of('indices', 'u', 'u / nullif(highest, 0)')) }} as relative_product,
        {{ sum_of('flatten(' ~ each_of('indices', 'u', each_of('indices', 'v', 'abs(u - v)')) ~ ')') }}
        / nullif(n * (n - 1), 0) as mean_distance,
        case
            when not is_complete then 'value_missing'
            when highest = 0 or n < 2 then 'zero_denominator'
        end as null_reason,
    from systems
),

forms as (
    select
        scale,
        unit_code,
        year,
        illustrative,
        null_reason,
        'standard' as form,
        case
            when null_reason is null then n * highest * power(relative_product, 1.0::double / n) / total
        end as coupling,
        case when is_complete then total / n end as comprehensive_index,
    from parts
    union all
    select
        scale,
        unit_code,
        year,
        illustrative,
        null_reason,
        'corrected' as form,
        case
            when null_reason is null
                then sqrt((1 - mean_distance) * power(relative_product, 1.0::double / (n - 1)))
        end as coupling,
        case when is_complete then weighted_mean end as comprehensive_index,
    from parts
)

select
    scale,
    unit_code,
    year,
    form,
    coupling,
    comprehensive_index,
    sqrt(coupling * comprehensive_index) as coordination,
    null_reason,
    illustrative,
from forms
