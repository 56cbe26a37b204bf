select
    base_year,
    year,
    district_code,
    industry_code,
    scenario,
    driver,
    direction,
    step,
    base_balance_ha,
    balance_ha,
    change_ha,
    {{ run_id() }} as run_id,
from {{ source('forecasted', 'land_sensitivity') }}
