-- The regional indicators of the districts that a policy touches, and of the others, as if each group were one region:
-- ratios of sums, in the boundaries of the evaluated year. A group lacks a figure where one of its districts does.
{% set values = [] -%}
{%- for spec in regional_indicators(of_district=true) -%}
    {%- do values.append(record({
        'code': "'" ~ spec.code ~ "'", 'value': indicator_value(spec),
    })) -%}
{%- endfor %}
with years as (
    select distinct from_year as year,
    from {{ ref('int_region__comparable') }}
    where year = {{ eval_year() }}
),

grouped as (
    select
        units.policy_code,
        units.unit_group,
        years.year,
        {%- for measure in additive_measures() %}
        {{ complete_sum('region.region_' ~ measure) }} as region_{{ measure }},
        {%- endfor %}
    from {{ ref('int_region__policy_units') }} as units
    cross join years
    left join {{ ref('int_region__comparable') }} as region
        on
            region.scale = 'district'
            and units.unit_code = region.unit_code
            and region.year = {{ eval_year() }}
            and years.year = region.from_year
    group by units.policy_code, units.unit_group, years.year
),

parts as (
    select
        region.policy_code,
        region.unit_group,
        region.year,
        true as district_series_loaded,
        if(previous.year is null, 'no_previous_year', null) as region_base_reason,
        {{ measures_as('region', additive_measures(), 'region') }},
        {{ measures_as('previous', additive_measures(), 'previous') }},
        {{ measures_as('city', grown_measures(), 'city') }},
        {{ measures_as('city_previous', grown_measures(), 'city_previous') }},
    from grouped as region
    left join grouped as previous
        on
            region.policy_code = previous.policy_code
            and region.unit_group = previous.unit_group
            and region.year = previous.year + 1
    left join {{ ref('int_region__comparable') }} as city
        on city.scale = 'city' and city.year = {{ eval_year() }} and region.year = city.from_year
    left join {{ ref('int_region__comparable') }} as city_previous
        on
            city_previous.scale = 'city'
            and city_previous.year = {{ eval_year() }}
            and region.year = city_previous.from_year + 1
),

indicators as (
    select
        policy_code,
        unit_group,
        year,
        {{ indicator_parts(regional_indicators(of_district=true)) }},
    from parts
),

turned as (
    select
        policy_code,
        unit_group,
        year,
        {{ rows_of(list_of(values)) }} as indicator,
    from indicators
)

select
    policy_code,
    unit_group,
    year,
    {{ field('indicator', 'code') }} as indicator_code,
    {{ field('indicator', 'value') }} as value,
from turned
