select
    data_year,
    load_id,
    row_no,
    objection_no,
    scale,
    unit_code,
    indicator_code,
    claim,
    evidence,
    received_date,
    decision,
    decision_date,
    correction_no,
    year as objected_year,
    deadline,
from {{ source('accepted', 'objections') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by objection_no
        order by data_year desc, load_id desc, row_no desc
    ) = 1
