select
    base_year,
    year,
    district_code,
    industry_code,
    scenario,
    shortage_ha,
    output_per_land_rise_ratio,
    output_per_land_rise_yearly_ratio,
    low_efficiency_ha,
    low_efficiency_share_ratio,
    reason,
    {{ run_id() }} as run_id,
from {{ source('forecasted', 'land_gap') }}
