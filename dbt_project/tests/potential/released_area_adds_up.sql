{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)',
    'next_step': 'Look at int_potential__low_efficiency and int_potential__parcel_totals: a parcel stands under one reason.',
}) }}
-- Releasable area of the listed parcels = the districts' = the city's.
with totals as (
    select
        (select coalesce({{ exact_sum(ha('releasable_area_m2')) }}, 0) from {{ ref('fct_low_efficiency_parcel') }})
            as parcels_ha,
        coalesce({{ exact_sum('area_ha', "scale = 'district'") }}, 0) as districts_ha,
        coalesce({{ exact_sum('area_ha', "scale = 'city'") }}, 0) as city_ha,
    from {{ ref('fct_land_potential') }}
    where potential like 'low\_efficiency\_%' escape '\'
)

select
    parcels_ha,
    districts_ha,
    city_ha,
from totals
where
    abs(parcels_ha - districts_ha) > 1e-9 * greatest(1, parcels_ha)
    or abs(parcels_ha - city_ha) > 1e-9 * greatest(1, parcels_ha)
