-- Every accepted parcel of the year, without its geometry, and whether its use is evaluated.
select
    parcels.parcel_code,
    parcels.parcel_name,
    parcels.district_code,
    parcels.town_code,
    parcels.zone_code,
    parcels.block_code,
    parcels.land_use_code,
    coalesce(land_uses.is_industrial, false) as is_industrial,
    parcels.site_area_m2,
    parcels.green_area_m2,
    parcels.structure_footprint_m2,
    parcels.yard_area_m2,
    parcels.admin_land_area_m2,
    parcels.land_price_cny10k,
    parcels.polygon_area_m2,
from {{ ref('stg_accepted__parcels') }} as parcels
left join {{ ref('stg_profile__land_uses') }} as land_uses on parcels.land_use_code = land_uses.code
