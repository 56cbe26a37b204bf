select
    city_code,
    {{ eval_year() }} as year,
    parcel_count,
    site_area_m2,
    enterprise_count,
    unmatched_output_cny10k,
    {{ measure_columns() }},
    {{ indicator_values(area_indicators()) }},
    {{ run_id() }} as run_id,
from {{ ref('int_indicators__city') }}
