select
    block_code,
    {{ eval_year() }} as year,
    district_code,
    {{ run_id() }} as run_id,
from {{ ref('int_block__year') }}
