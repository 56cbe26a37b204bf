-- The benefit index of each system: the weighted mean of its indicators that are used; missing where one of them is.
select
    benefit_values.scale,
    benefit_values.unit_code,
    benefit_values.year,
    benefits.system,
    max(benefits.system_weight) as system_weight,
    bool_or(benefits.illustrative) as illustrative,
    list_sort(array_agg(benefit_values.benefit_code) filter (where benefit_values.is_used)) as benefit_codes,
    case
        when bool_and(benefit_values.standardised is not null) filter (where benefit_values.is_used)
            then
                {{ exact_sum('benefits.weight * benefit_values.standardised', 'benefit_values.is_used') }}
                / nullif({{ exact_sum('benefits.weight', 'benefit_values.is_used') }}, 0)
    end as benefit_index,
from {{ ref('int_region__benefit_values') }} as benefit_values
inner join {{ ref('benefit_indicator') }} as benefits on benefit_values.benefit_code = benefits.benefit_code
group by benefit_values.scale, benefit_values.unit_code, benefit_values.year, benefits.system
