select
    data_year,
    load_id,
    row_no,
    building_code,
    parcel_code,
    building_use,
    footprint_m2,
    floor_area_m2,
    floor_area_over_8m_m2,
    storeys,
    completion_date,
from {{ source('accepted', 'buildings') }}
where data_year = {{ eval_year() }}
