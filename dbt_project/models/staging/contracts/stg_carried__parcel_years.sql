-- The agreements' parcels in every evaluated year up to the knowledge year.
select
    parcel_code,
    year,
    district_code,
    zone_code,
    land_use_code,
    is_industrial,
    site_area_m2,
    polygon_area_m2,
    land_price_cny10k,
    use_state,
    enterprise_count,
    floor_area_m2,
    fixed_investment_cny10k,
from {{ source('carried', 'parcel_year') }}
where year <= {{ eval_year() }}
