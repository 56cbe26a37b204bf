select
    data_year,
    load_id,
    row_no,
    correction_no,
    dataset,
    year as corrected_year,
    key_json,
    "column" as column_name,
    old_value,
    new_value,
    reason,
    approved_by,
    document_no,
    effective_date,
from {{ source('accepted', 'corrections') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by correction_no
        order by data_year desc, load_id desc, row_no desc
    ) = 1
