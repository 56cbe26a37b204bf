select
    scale,
    year,
    scheme_code,
    scheme_version,
    units,
    units_compared,
    indicators,
    rank_correlation,
    no_correlation_reason,
    {{ run_id() }} as run_id,
from {{ source('scored', 'agreement') }}
