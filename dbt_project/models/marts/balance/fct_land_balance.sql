select
    base_year,
    year,
    district_code,
    industry_code,
    scenario,
    supply_ha,
    demand_ha,
    balance_ha,
    low_ha,
    high_ha,
    first_shortage_year,
    {{ run_id() }} as run_id,
from {{ source('forecasted', 'land_balance') }}
