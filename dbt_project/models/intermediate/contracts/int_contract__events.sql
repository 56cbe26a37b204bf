-- The events that count.
select
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
    data_year,
from {{ ref('int_contract__events_judged') }}
where conflict_code is null
