{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at int_pairing__parts and int_pairing__unmatched.',
}) }}
-- Output of parcels + unmatched output = output of counted enterprises; so do the districts and the city.
with totals as (
    select
        (select {{ exact_sum('output_cny10k') }} from {{ ref('fct_enterprise_year') }}) as enterprises,
        coalesce((select {{ exact_sum('output_cny10k') }} from {{ ref('fct_parcel_year') }}), 0) as parcels,
        coalesce((select {{ exact_sum('output_cny10k') }} from {{ ref('fct_district_year') }}), 0) as districts,
        (select {{ exact_sum('unmatched_output_cny10k') }} from {{ ref('fct_district_year') }}) as districts_unmatched,
        (select {{ exact_sum('unmatched_output_cny10k') }} from {{ ref('fct_city_year') }}) as city_unmatched,
)

select
    enterprises,
    parcels,
    districts,
    districts_unmatched,
    city_unmatched,
from totals
where
    enterprises is not null
    and (
        abs(parcels + city_unmatched - enterprises) > 1e-9 * greatest(1, abs(enterprises))
        or abs(districts + districts_unmatched - enterprises) > 1e-9 * greatest(1, abs(enterprises))
    )
