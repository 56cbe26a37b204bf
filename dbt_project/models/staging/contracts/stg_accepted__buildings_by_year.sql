-- Use and floor area of the buildings of every loaded year up to the knowledge year.
select
    data_year as year,
    parcel_code,
    building_use,
    floor_area_m2,
from {{ source('accepted', 'buildings') }}
where data_year <= {{ eval_year() }}
