select
    base_year,
    year,
    district_code,
    industry_code,
    source,
    scenario,
    area_ha,
    {{ run_id() }} as run_id,
from {{ source('forecasted', 'land_supply') }}
