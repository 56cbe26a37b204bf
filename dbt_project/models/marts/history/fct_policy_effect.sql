-- A comparison of years before and after, of those touched and of the others; it does not prove a cause.
with groups as (
    select
        events.*,
        unit_groups.unit_group,
        indicators.indicator_code,
        count(units.unit_code) as unit_count,
    from {{ ref('policy_event') }} as events
    cross join (values ('touched'), ('untouched')) as unit_groups (unit_group)
    cross join (
        values
        {%- for spec in regional_indicators(of_district=true) %}
        ('{{ spec.code }}'){{ "," if not loop.last }}
        {%- endfor %}
    ) as indicators (indicator_code)
    left join {{ ref('int_region__policy_units') }} as units
        on events.policy_code = units.policy_code and unit_groups.unit_group = units.unit_group
    group by all
),

yearly as (
    select
        *,
        lag(year) over in_time = year - 1 as follows,
        lag(value) over in_time as previous_value,
    from {{ ref('int_region__policy_years') }}
    window in_time as (partition by policy_code, unit_group, indicator_code order by year)
),

grown as (
    select
        *,
        case
            when follows and previous_value > 0 and isfinite(value / previous_value)
                then (value - previous_value) / previous_value
        end as growth_ratio,
    from yearly
),

sides as (
    select
        groups.policy_code,
        groups.unit_group,
        groups.indicator_code,
        groups.unit_count,
        groups.effective_year,
        groups.illustrative,
        {{ policy_side('before', 'grown.year < groups.effective_year') }}
        {{ policy_side('after', 'grown.year >= groups.first_year_after') }}
    from groups
    left join grown
        on
            groups.policy_code = grown.policy_code
            and groups.unit_group = grown.unit_group
            and groups.indicator_code = grown.indicator_code
    group by all
),

judged as (
    select
        *,
        mean_after - mean_before as mean_change,
        case
            when unit_count = 0 then 'no_unit'
            when years_before = 0 or years_after = 0 then 'no_years'
        end as null_reason,
        case
            when unit_count = 0 then 'no_unit'
            when growth_before_ratio is null or growth_after_ratio is null then 'no_years'
        end as growth_null_reason,
    from sides
)

select
    {{ eval_year() }} as evaluation_year,
    policy_code,
    indicator_code,
    unit_group,
    effective_year,
    unit_count,
    years_before,
    years_after,
    mean_before,
    mean_after,
    mean_change,
    null_reason,
    growth_before_ratio,
    growth_after_ratio,
    growth_null_reason,
    max(mean_change) filter (where unit_group = 'touched') over of_both
    - max(mean_change) filter (where unit_group = 'untouched') over of_both as difference_in_differences,
    coalesce(
        max(null_reason) filter (where unit_group = 'touched') over of_both,
        max(null_reason) filter (where unit_group = 'untouched') over of_both
    ) as difference_null_reason,
    illustrative,
    {{ run_id() }} as run_id,
from judged
window of_both as (partition by policy_code, indicator_code)
