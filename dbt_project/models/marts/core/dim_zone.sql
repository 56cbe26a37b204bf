select
    zone_code,
    {{ eval_year() }} as year,
    zone_name as name_zh,
    zone_type,
    level,
    district_code,
    {{ run_id() }} as run_id,
from {{ ref('stg_accepted__zones') }}
