select
    indicator_code,
    name_zh,
    name_en,
    unit,
    direction,
    formula_zh,
    formula_en,
    scales,
    source,
    null_reasons,
    {{ run_id() }} as run_id,
from {{ ref('indicator') }}
