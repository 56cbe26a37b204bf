-- Pairs of parcels that meet or nearly do, each pair twice and each parcel with itself. Nothing but the spatial join
-- stands here: a comparison of codes beside it would be planned as a quadratic join.
select
    one.parcel_code,
    other.parcel_code as other_parcel_code,
from {{ ref('int_pairing__plane') }} as one
inner join {{ ref('int_pairing__plane') }} as other
    on st_intersects(one.reach, other.shape)
