select
    data_year,
    load_id,
    row_no,
    supply_id,
    district_code,
    source,
    area_ha,
    available_year,
    industry_code,
    industrial_share,
    realisation_rate,
    parcel_code,
from {{ source('accepted', 'land_supply') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by supply_id
        order by data_year desc, load_id desc, row_no desc
    ) = 1
