-- Who gives the verdicts of a stage: the departments of its targets.
select
    agreement_no,
    stage,
    {{ texts_in_order('distinct department', '、', 'department') }} as department,
from {{ ref('int_contract__targets') }}
group by agreement_no, stage
