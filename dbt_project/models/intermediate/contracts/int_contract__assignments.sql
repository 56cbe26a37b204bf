-- Who stands in for the department that raised a target: the most specific row valid on the as-of date.
select
    agreements.agreement_no,
    targets.stage,
    targets.indicator_code,
    targets.department as raised_by,
    {{ value_at_most('assignments.assigned_to', "(
        assignments.district_code is not null,
        assignments.indicator_code is not null,
        coalesce(assignments.valid_from, cast('0001-01-01' as date)),
        assignments.assigned_to
    )") }} as assigned_to,
from {{ ref('stg_accepted__agreement_targets') }} as targets
inner join {{ ref('int_contract__agreements') }} as agreements on targets.agreement_no = agreements.agreement_no
inner join {{ ref('contract_assignment') }} as assignments
    on
        targets.department = assignments.raised_by
        and coalesce(agreements.district_code = assignments.district_code, assignments.district_code is null)
        and coalesce(targets.indicator_code = assignments.indicator_code, assignments.indicator_code is null)
where
    coalesce(assignments.valid_from <= {{ as_of_date() }}, true)
    and coalesce(assignments.valid_to >= {{ as_of_date() }}, true)
group by all
