-- Long: each measure of the series and each indicator of a single year, of a region within its boundaries of `year`,
-- for each year up to it.
{% set figures = [] -%}
{%- for measure in series_measures() -%}
    {%- do figures.append(record({
        'code': "'" ~ measure ~ "'", 'is_indicator': 'false', 'value': 'region_' ~ measure,
        'reason': missing_figure(measure),
    })) -%}
{%- endfor -%}
{%- for spec in regional_level_indicators() -%}
    {%- do figures.append(record({
        'code': "'" ~ spec.code ~ "'", 'is_indicator': 'true', 'value': indicator_value(spec),
        'reason': spec.code ~ '__reason',
    })) -%}
{%- endfor %}
with parts as (
    select
        scale,
        unit_code,
        year,
        from_year,
        member_count,
        base_reason,
        {%- for measure in series_measures() %}
        region_{{ measure }},
        {%- endfor %}
        {{ indicator_parts(regional_level_indicators()) }},
    from (
        select
            *,
            true as district_series_loaded,
        from {{ ref('int_region__comparable') }}
    ) as region
),

turned as (
    select
        scale,
        unit_code,
        year,
        from_year,
        base_reason,
        {{ rows_of(list_of(figures)) }} as figure,
    from parts
)

select
    scale,
    unit_code,
    year,
    from_year,
    {{ field('figure', 'code') }} as measure_code,
    {{ field('figure', 'is_indicator') }} as is_indicator,
    {{ field('figure', 'value') }} as value,
    case
        when {{ field('figure', 'value') }} is null
            then coalesce(if(from_year < year, base_reason, null), {{ field('figure', 'reason') }})
    end as null_reason,
from turned
