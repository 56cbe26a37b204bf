select
    scheme_code,
    scheme_version,
    year,
    scope,
    indicator_code,
    ideal_value,
    method,
    source,
    illustrative,
    {{ run_id() }} as run_id,
from {{ source('scored', 'ideal_value') }}
