select
    data_year,
    load_id,
    row_no,
    uscc,
    energy_type,
    quantity,
    unit,
from {{ source('accepted', 'energy') }}
where data_year = {{ eval_year() }}
