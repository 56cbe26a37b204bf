select
    data_year,
    load_id,
    row_no,
    parcel_code,
    uscc,
    tenure,
    floor_area_m2,
    land_area_m2,
    start_date,
    end_date,
from {{ source('accepted', 'occupancy') }}
where data_year = {{ eval_year() }}
