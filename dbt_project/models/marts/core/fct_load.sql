select
    file_sha256,
    dataset,
    data_year as year,
    file_name,
    rows_in,
    accepted,
    quarantined,
    superseded,
    state,
    reason,
    loaded_at,
    run_id,
from {{ ref('stg_ledger__loads') }}
