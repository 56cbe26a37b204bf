-- Numerator, denominator and reason of every parcel indicator; one row for each accepted industrial parcel.
with districts_with_buildings as (
    select distinct parcels.district_code,
    from {{ ref('int_parcel__buildings') }} as buildings
    inner join {{ ref('int_parcel__year') }} as parcels on buildings.parcel_code = parcels.parcel_code
),

parts as (
    select
        parcels.*,
        enterprises.* exclude (parcel_code, enterprise_count), -- noqa: RF02
        loaded.*,
        case
            when loaded.enterprises_loaded then coalesce(enterprises.enterprise_count, 0)
        end as enterprise_count,
        districts_with_buildings.district_code is not null as building_register_loaded,
        {{ built_areas('districts_with_buildings.district_code is not null') }}
    from {{ ref('int_parcel__year') }} as parcels
    cross join {{ ref('int_run__loaded') }} as loaded
    left join {{ ref('int_parcel__buildings') }} as buildings on parcels.parcel_code = buildings.parcel_code
    left join districts_with_buildings on parcels.district_code = districts_with_buildings.district_code
    left join {{ ref('int_parcel__enterprises') }} as enterprises on parcels.parcel_code = enterprises.parcel_code
    where parcels.is_industrial
)

select
    parcel_code,
    district_code,
    town_code,
    zone_code,
    block_code,
    land_use_code,
    site_area_m2,
    enterprise_count,
    footprint_m2,
    floor_area_m2,
    counted_floor_area_m2,
    {{ measures() | join(',\n    ') }},
    {{ indicator_parts(parcel_indicators()) }}
from parts
