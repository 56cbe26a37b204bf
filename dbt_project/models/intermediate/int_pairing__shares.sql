-- Every pair of parcel and counted enterprise of the year; the shares of an enterprise sum to 1.
{% set window = 'partition by uscc' %}
with pairs as (
    select
        parcel_code,
        uscc,
        tenure,
        floor_area_m2,
        land_area_m2,
        'declared' as matched_by,
    from {{ ref('int_pairing__declared') }}
    union all
    select
        min(parcel_code) as parcel_code,
        uscc,
        cast(null as varchar) as tenure,
        cast(null as double) as floor_area_m2,
        cast(null as double) as land_area_m2,
        'point_in_parcel' as matched_by,
    from {{ ref('int_pairing__point_hits') }}
    group by uscc
),

based as (
    select
        *,
        {{ share_basis(window) }} as share_basis,
    from pairs
)

select
    parcel_code,
    uscc,
    {{ share_of('share_basis', window) }} as share,
    share_basis,
    tenure,
    matched_by,
    floor_area_m2,
    land_area_m2,
from based
