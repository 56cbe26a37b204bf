select
    uscc,
    {{ eval_year() }} as year,
    district_code,
    land_area_m2,
    {{ measure_columns() }},
    electricity_10k_kwh,
    {{ indicator_values(enterprise_indicators()) }},
    {{ run_id() }} as run_id,
from {{ ref('int_indicators__enterprise') }}
