-- Land of each counted enterprise: of each of its parcels the share that it has among all occupants.
with sums as (
    select
        parcel_code,
        {{ pair_sums() }},
    from {{ ref('int_pairing__shares') }}
    group by parcel_code
),

occupied as (
    select
        pairs.parcel_code,
        pairs.uscc,
        {{ share_of('pairs', 'sums') }} as share_of_parcel,
    from {{ ref('int_pairing__shares') }} as pairs
    inner join sums on pairs.parcel_code = sums.parcel_code
)

select
    occupied.uscc,
    {{ exact_sum('parcels.site_area_m2 * occupied.share_of_parcel') }} as land_area_m2,
from occupied
inner join {{ ref('int_parcel__year') }} as parcels on occupied.parcel_code = parcels.parcel_code
group by occupied.uscc
