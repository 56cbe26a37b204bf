select
    scale,
    unit_code,
    year,
    scheme_code,
    scheme_version,
    score,
    closeness,
    closeness_rank,
    score_rank,
    rank_difference,
    no_closeness_reason,
    {{ run_id() }} as run_id,
from {{ source('scored', 'opinion') }}
