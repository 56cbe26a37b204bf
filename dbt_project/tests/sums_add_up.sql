{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at int_pairing__parts and int_pairing__unmatched.',
}) }}
-- Of every measure: parcels + unmatched = counted enterprises; so do the districts and the city.
with
{%- for name, mart in [('enterprises', 'fct_enterprise_year'), ('parcels', 'fct_parcel_year'),
                       ('districts', 'fct_district_year'), ('city', 'fct_city_year')] %}
{{ name }} as (
    select
        {%- for measure in measures() %}
        {{ exact_sum(measure) }} as {{ measure }},
        {%- if name in ('districts', 'city') %}
        {{ exact_sum('unmatched_' ~ measure) }} as unmatched_{{ measure }},
        {%- endif %}
        {%- endfor %}
    from {{ ref(mart) }}
),
{%- endfor %}

compared as (
    {%- for measure in measures() %}
    select
        '{{ measure }}' as measure,
        enterprises.{{ measure }} as whole,
        coalesce(parcels.{{ measure }}, 0) + city.unmatched_{{ measure }} as of_parcels,
        coalesce(districts.{{ measure }}, 0) + districts.unmatched_{{ measure }} as of_districts,
        coalesce(city.{{ measure }}, 0) + city.unmatched_{{ measure }} as of_city,
    from enterprises
    cross join parcels
    cross join districts
    cross join city
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    measure,
    whole,
    of_parcels,
    of_districts,
    of_city,
from compared
where
    whole is not null
    and not coalesce(
        greatest(abs(of_parcels - whole), abs(of_districts - whole), abs(of_city - whole))
        <= 1e-9 * greatest(1, abs(whole)),
        false
    )
