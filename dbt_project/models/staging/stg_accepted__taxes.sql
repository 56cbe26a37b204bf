select
    data_year,
    load_id,
    row_no,
    uscc,
    tax_paid_cny10k,
    reason,
from {{ source('accepted', 'taxes') }}
where data_year = {{ eval_year() }}
