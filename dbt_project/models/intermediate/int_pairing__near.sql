-- Parcels around each counted enterprise that is on none. The join stands alone; distances come after it.
select
    points.uscc,
    parcels.parcel_code,
from {{ ref('int_pairing__unmatched_points') }} as points
inner join {{ ref('int_pairing__plane') }} as parcels on st_intersects(points.reach, parcels.shape)
