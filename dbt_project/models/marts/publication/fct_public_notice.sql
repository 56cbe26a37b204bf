select
    notice_no,
    cast(noticed_year as integer) as year,
    start_date,
    deadline,
    document_no,
    place,
    {{ run_id() }} as run_id,
from {{ ref('stg_accepted__public_notices') }}
