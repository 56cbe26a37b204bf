-- Every accepted verdict as each data year gave it: who asks what was known earlier needs more than the latest.
select
    data_year,
    load_id,
    row_no,
    agreement_no,
    stage,
    evaluation_year,
    indicator_code,
    department,
    verdict,
    opinion,
    verdict_date,
from {{ source('accepted', 'verdicts') }}
where data_year <= {{ eval_year() }}
