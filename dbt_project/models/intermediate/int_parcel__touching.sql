-- Pairs of parcels whose polygons meet, each pair twice and each parcel with itself. Nothing but the spatial join
-- stands here: a comparison of codes beside it would be planned as a quadratic join.
select
    one.parcel_code,
    other.parcel_code as other_parcel_code,
from {{ ref('stg_accepted__parcels') }} as one
inner join {{ ref('stg_accepted__parcels') }} as other
    on st_intersects(st_geomfromwkb(one.geometry), st_geomfromwkb(other.geometry))
