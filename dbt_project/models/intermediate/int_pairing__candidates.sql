-- The same pairs with their distance in metres, those within the limit.
with measured as (
    select
        near.uscc,
        near.parcel_code,
        st_distance(points.place, parcels.shape) as distance_m,
    from {{ ref('int_pairing__near') }} as near
    inner join {{ ref('int_pairing__unmatched_points') }} as points on near.uscc = points.uscc
    inner join {{ ref('int_pairing__plane') }} as parcels on near.parcel_code = parcels.parcel_code
)

select
    measured.uscc,
    measured.parcel_code,
    measured.distance_m,
from measured
inner join {{ ref('qc_limit') }} as limits
    on limits.check_code = 'candidate_distance' and measured.distance_m <= limits.limit_value
