-- The yearly series that forecasts start from, in the boundaries of the evaluated year: a district is its own row and
-- those of its predecessors, and a year in which one of them has no figure is missing.
{%- set measures = [
    'gdp_cny10k', 'value_added_cny10k', 'output_cny10k', 'employees', 'fixed_investment_cny10k', 'industrial_land_ha',
    'new_construction_land_ha',
] %}
with members as (
    select *,
    from {{ ref('int_region__members') }}
    where year = {{ eval_year() }} and from_year <= {{ eval_year() }}
),

industries as (
    select distinct industry_code,
    from {{ ref('stg_accepted__district_series') }}
),

summed as (
    select
        members.unit_code,
        industries.industry_code,
        members.from_year,
        count(*) as member_count,
        {%- for measure in measures %}
        {{ complete_sum('series.' ~ measure, 'not members.is_split') }} as {{ measure }},
        {%- endfor %}
    from members
    cross join industries
    left join {{ ref('stg_accepted__district_series') }} as series
        on
            members.from_year = series.data_year
            and members.code = series.district_code
            and industries.industry_code = series.industry_code
    group by members.unit_code, industries.industry_code, members.from_year
),

long as (
    {% for measure in measures %}
    select
        '{{ measure }}' as measure,
        unit_code as district_code,
        industry_code,
        from_year as year,
        {{ measure }} as value,
        member_count,
    from summed
    where {{ measure }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    {{ eval_year() }} as base_year,
    measure,
    district_code,
    industry_code,
    year,
    value,
    member_count,
    {{ run_id() }} as run_id,
from long
