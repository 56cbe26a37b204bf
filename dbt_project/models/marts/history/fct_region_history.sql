-- Every figure stands beside the previous year's and the first year's in the boundaries of its own year.
with figures as (
    select *,
    from {{ ref('int_region__figures') }}
),

firsts as (
    select
        scale,
        unit_code,
        year,
        measure_code,
        min(from_year) as base_year,
        {{ value_at_least('value', 'from_year') }} as base_value,
    from figures
    where value is not null
    group by scale, unit_code, year, measure_code
),

compared as (
    select
        region.scale,
        region.unit_code,
        region.year,
        region.measure_code,
        region.is_indicator,
        region.value,
        region.null_reason,
        previous.value as previous_value,
        case
            when region.value is null then region.null_reason
            when previous.measure_code is null then years.region_base_reason
            else previous.null_reason
        end as previous_reason,
        firsts.base_year,
        firsts.base_value,
    from figures as region
    inner join {{ ref('int_region__year') }} as years
        on region.scale = years.scale and region.unit_code = years.unit_code and region.year = years.year
    left join figures as previous
        on
            region.scale = previous.scale
            and region.unit_code = previous.unit_code
            and region.year = previous.year
            and region.measure_code = previous.measure_code
            and region.year = previous.from_year + 1
    left join firsts
        on
            region.scale = firsts.scale
            and region.unit_code = firsts.unit_code
            and region.year = firsts.year
            and region.measure_code = firsts.measure_code
    where region.year = region.from_year
),

judged as (
    select
        *,
        {{ growth_reason('null_reason', 'previous_reason', 'previous_value') }} as growth_null_reason,
        {{ growth_reason('null_reason', 'null', 'base_value') }} as index_null_reason,
    from compared
)

select
    {{ eval_year() }} as evaluation_year,
    scale,
    unit_code,
    year,
    measure_code,
    is_indicator,
    value,
    null_reason,
    previous_value,
    case when growth_null_reason is null then (value - previous_value) / previous_value end as growth_ratio,
    growth_null_reason,
    base_year,
    base_value,
    case when index_null_reason is null then 100 * (value / base_value) end as index_to_base,
    index_null_reason,
    {{ run_id() }} as run_id,
from judged
