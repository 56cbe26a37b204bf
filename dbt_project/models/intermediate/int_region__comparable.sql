-- The measures of a region within its boundaries of `year`, for each year up to it: sums over predecessors where every
-- one has the figure. What cannot be summed stands only where one row makes up the unit.
select
    members.scale,
    members.unit_code,
    members.year,
    members.from_year,
    count(*) as member_count,
    case
        when bool_or(members.is_split) then 'district_split'
        when bool_or(members.is_absent) then 'no_previous_year'
    end as base_reason,
    {%- for measure in additive_measures() %}
    {{ complete_sum('series.' ~ measure, 'not members.is_split') }} as region_{{ measure }},
    {%- endfor %}
    {%- for measure in intensive_measures() %}
    case when count(*) = 1 and not bool_or(members.is_split) then max(series.{{ measure }}) end as region_{{ measure }},
    {%- endfor %}
from {{ ref('int_region__members') }} as members
left join {{ ref('stg_accepted__district_series') }} as series
    on
        members.from_year = series.data_year
        and members.code = series.district_code
        and series.industry_code = '00'
group by members.scale, members.unit_code, members.year, members.from_year
