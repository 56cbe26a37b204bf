select
    parcel_code,
    uscc,
    {{ eval_year() }} as year,
    share,
    share_basis,
    tenure,
    matched_by,
    {{ run_id() }} as run_id,
from {{ ref('int_pairing__shares') }}
