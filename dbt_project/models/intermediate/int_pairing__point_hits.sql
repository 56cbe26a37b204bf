-- Which parcels hold each point, borders included. The join stands alone, so that it is planned as a spatial join.
select
    points.uscc,
    parcels.parcel_code,
from {{ ref('int_pairing__unpaired_points') }} as points
inner join {{ ref('stg_accepted__parcels') }} as parcels
    on st_intersects(st_geomfromwkb(parcels.geometry), st_point(points.longitude, points.latitude))
