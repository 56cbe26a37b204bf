select
    data_year,
    load_id,
    row_no,
    agreement_no,
    event,
    event_date,
    stage,
    indicator_code,
    deadline,
    amount_cny10k,
    department,
    document_no,
    note,
from {{ source('accepted', 'agreement_events') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by agreement_no, event, event_date, stage, indicator_code
        order by data_year desc, load_id desc, row_no desc
    ) = 1
