-- The city's figure of an industry is its own row; where the city has none, the sum over the districts that report it.
{% set figures = [] -%}
{%- for measure in industry_measures() -%}
    {%- do figures.append(record({
        'code': "'" ~ measure ~ "'", 'value': measure,
    })) -%}
{%- endfor %}
with turned as (
    select
        data_year as year,
        district_code,
        industry_code,
        {{ rows_of(list_of(figures)) }} as figure,
    from {{ ref('stg_accepted__district_series') }}
),

declared as (
    select
        turned.year,
        turned.industry_code,
        {{ field('turned.figure', 'code') }} as measure_code,
        {{ field('turned.figure', 'value') }} as value,
        turned.district_code,
        settings.city_code,
        turned.district_code = settings.city_code as is_city,
    from turned
    cross join {{ ref('stg_profile__settings') }} as settings
),

city_years as (
    select distinct
        year,
        industry_code,
    from declared
    where is_city
),

units as (
    select
        if(is_city, 'city', 'district') as scale,
        district_code as unit_code,
        year,
        industry_code,
        measure_code,
        value,
        true as is_declared,
    from declared
    union all
    select
        'city' as scale,
        declared.city_code as unit_code,
        declared.year,
        declared.industry_code,
        declared.measure_code,
        {{ complete_sum('declared.value') }} as value,
        false as is_declared,
    from declared
    anti join city_years on declared.year = city_years.year and declared.industry_code = city_years.industry_code
    group by declared.city_code, declared.year, declared.industry_code, declared.measure_code
),

related as (
    select
        units.*,
        totals.value as unit_total,
        city.value as city_value,
        city_totals.value as city_total,
    from units
    left join units as totals
        on
            units.unit_code = totals.unit_code
            and units.scale = totals.scale
            and units.year = totals.year
            and units.measure_code = totals.measure_code
            and totals.industry_code = '00'
    left join units as city
        on
            city.scale = 'city'
            and units.year = city.year
            and units.industry_code = city.industry_code
            and units.measure_code = city.measure_code
    left join units as city_totals
        on
            city_totals.scale = 'city'
            and units.year = city_totals.year
            and units.measure_code = city_totals.measure_code
            and city_totals.industry_code = '00'
),

judged as (
    select
        *,
        {{ ratio_reason('value', 'unit_total') }} as share_in_unit_null_reason,
        {{ ratio_reason('value', 'city_value') }} as share_of_city_null_reason,
    from related
),

quotients as (
    select
        *,
        coalesce(
            share_in_unit_null_reason,
            {{ ratio_reason('(value / unit_total)', '(city_value / nullif(city_total, 0))') }}
        ) as location_quotient_null_reason,
    from judged
)

select
    {{ eval_year() }} as evaluation_year,
    scale,
    unit_code,
    industry_code,
    year,
    measure_code,
    value,
    case when value is null then 'value_missing' end as null_reason,
    is_declared,
    case when share_in_unit_null_reason is null then value / unit_total end as share_in_unit_ratio,
    share_in_unit_null_reason,
    case when share_of_city_null_reason is null then value / city_value end as share_of_city_ratio,
    share_of_city_null_reason,
    case
        when location_quotient_null_reason is null then (value / unit_total) / (city_value / city_total)
    end as location_quotient_ratio,
    location_quotient_null_reason,
    {{ run_id() }} as run_id,
from quotients
