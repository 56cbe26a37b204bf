select
    data_year,
    load_id,
    row_no,
    uscc,
    enterprise_name,
    industry_code,
    coalesce(industry_edition, '2017') as industry_edition,
    district_code,
    town_code,
    registration_state,
    established_date,
    above_scale,
    longitude,
    latitude,
from {{ source('accepted', 'enterprises') }}
where data_year = {{ eval_year() }}
