-- The targets of every agreement, with the department that watches each in its district.
select
    targets.agreement_no,
    targets.stage,
    targets.indicator_code,
    targets.comparison,
    case when targets.comparison <> '符合' then targets.target_value end as target_value,
    targets.target_text,
    targets.department as raised_by,
    coalesce(assignments.assigned_to, targets.department) as department,
from {{ ref('stg_accepted__agreement_targets') }} as targets
semi join {{ ref('stg_accepted__agreements') }} as agreements on targets.agreement_no = agreements.agreement_no
left join {{ ref('int_contract__assignments') }} as assignments
    on
        targets.agreement_no = assignments.agreement_no
        and targets.stage = assignments.stage
        and targets.indicator_code = assignments.indicator_code
        and targets.department = assignments.raised_by
