-- The land of each agreement year by year, one row a parcel: use, area, buildings that plants may not have, occupants.
-- A view: the warnings read it once.
{{ config(materialized='view') }}
with banned as (
    select
        buildings.year,
        buildings.parcel_code,
        {{ exact_sum('buildings.floor_area_m2') }} as banned_floor_area_m2,
        {{ texts_in_order('distinct buildings.building_use', '、', 'buildings.building_use') }} as banned_uses,
    from {{ ref('stg_accepted__buildings_by_year') }} as buildings
    inner join {{ ref('contract_building_use') }} as not_allowed on buildings.building_use = not_allowed.building_use
    group by buildings.year, buildings.parcel_code
),

occupants as (
    select
        parcel_code,
        year,
        count(*) as enterprise_count,
    from {{ ref('stg_carried__occupants') }}
    group by parcel_code, year
),

paired_years as (
    select distinct year,
    from {{ ref('stg_carried__occupants') }}
)

select
    land.agreement_no,
    land.year,
    land.parcel_code,
    land.is_merged,
    land.is_divided,
    parcels.land_use_code,
    parcels.is_industrial,
    land_uses.name_zh as land_use_zh,
    coalesce(parcels.polygon_area_m2, parcels.site_area_m2) as area_m2,
    banned.banned_floor_area_m2,
    banned.banned_uses,
    case when paired_years.year is not null then coalesce(occupants.enterprise_count, 0) end as enterprise_count,
    own.uscc is not null as own_enterprise,
from {{ ref('int_contract__land') }} as land
inner join {{ ref('int_contract__agreements') }} as agreements on land.agreement_no = agreements.agreement_no
inner join {{ ref('stg_carried__parcel_years') }} as parcels
    on land.parcel_code = parcels.parcel_code and land.year = parcels.year
left join {{ ref('stg_profile__land_uses') }} as land_uses on parcels.land_use_code = land_uses.code
left join banned on land.parcel_code = banned.parcel_code and land.year = banned.year
left join occupants on land.parcel_code = occupants.parcel_code and land.year = occupants.year
left join {{ ref('stg_carried__occupants') }} as own
    on land.parcel_code = own.parcel_code and land.year = own.year and agreements.uscc = own.uscc
left join paired_years on land.year = paired_years.year
