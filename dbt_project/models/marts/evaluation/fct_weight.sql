select
    scheme_code,
    scheme_version,
    year,
    group_code,
    indicator_code,
    layer,
    weight,
    method,
    parameters,
    source,
    illustrative,
    {{ run_id() }} as run_id,
from {{ source('scored', 'weight') }}
