select
    industry_edition,
    industry_code,
    {{ eval_year() }} as year,
    enterprise_count,
    land_area_m2,
    {{ measure_columns() }},
    {{ indicator_values(industry_indicators()) }},
    {{ run_id() }} as run_id,
from {{ ref('int_indicators__industry') }}
