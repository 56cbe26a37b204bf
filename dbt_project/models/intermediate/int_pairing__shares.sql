-- Every pair of parcel and counted enterprise of the year; the shares of an enterprise sum to 1.
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

sums as (
    select
        uscc,
        {{ pair_sums() }},
    from pairs
    group by uscc
)

select
    pairs.parcel_code,
    pairs.uscc,
    {{ share_of('pairs', 'sums') }} as share,
    {{ share_basis('sums') }} as share_basis,
    pairs.tenure,
    pairs.matched_by,
    pairs.floor_area_m2,
    pairs.land_area_m2,
from pairs
inner join sums on pairs.uscc = sums.uscc
