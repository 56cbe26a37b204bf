select
    data_year,
    load_id,
    row_no,
    agreement_no,
    stage,
    evaluation_year,
    indicator_code,
    value,
    document_no,
from {{ source('accepted', 'self_reports') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by agreement_no, stage, evaluation_year, indicator_code
        order by data_year desc, load_id desc, row_no desc
    ) = 1
