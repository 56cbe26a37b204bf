select
    setting,
    value,
    name_zh,
    source,
    illustrative,
    {{ run_id() }} as run_id,
from {{ ref('scoring_setting') }}
