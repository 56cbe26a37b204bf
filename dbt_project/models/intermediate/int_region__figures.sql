-- Long: each measure of the series and each indicator of a single year, of a region within its boundaries of `year`,
-- for each year up to it.
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
        unnest([
            {%- for measure in series_measures() %}
            {
                'code': '{{ measure }}', 'is_indicator': false, 'value': region_{{ measure }},
                'reason': {{ missing_figure(measure) }}
            },
            {%- endfor %}
            {%- for spec in regional_level_indicators() %}
            {
                'code': '{{ spec.code }}', 'is_indicator': true,
                'value': case when {{ spec.code }}__reason is null then {{ spec.code }}__num / {{ spec.code }}__den end,
                'reason': {{ spec.code }}__reason
            }{{ "," if not loop.last }}
            {%- endfor %}
        ]) as figure,
    from parts
)

select
    scale,
    unit_code,
    year,
    from_year,
    struct_extract(figure, 'code') as measure_code,
    struct_extract(figure, 'is_indicator') as is_indicator,
    struct_extract(figure, 'value') as value,
    case
        when struct_extract(figure, 'value') is null
            then coalesce(if(from_year < year, base_reason, null), struct_extract(figure, 'reason'))
    end as null_reason,
from turned
