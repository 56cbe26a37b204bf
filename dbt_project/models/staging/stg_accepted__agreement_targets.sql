select
    data_year,
    load_id,
    row_no,
    agreement_no,
    stage,
    indicator_code,
    comparison,
    target_value,
    target_text,
    department,
from {{ source('accepted', 'agreement_targets') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by agreement_no, stage, indicator_code, comparison
        order by data_year desc, load_id desc, row_no desc
    ) = 1
