-- Facts of an agreement that contradict each other, with both sides; nothing follows from them.
select
    conflicts.conflict_code,
    conflicts.agreement_no,
    conflicts.subject,
    conflicts.stage,
    conflicts.evaluation_year,
    conflicts.one_side,
    conflicts.other_side,
    conflicts.effect,
    agreements.district_code,
    agreements.zone_code,
    agreements.parcel_code,
    agreements.uscc,
    {{ run_id() }} as run_id,
from {{ ref('int_contract__conflicts') }} as conflicts
inner join {{ ref('int_contract__agreements') }} as agreements on conflicts.agreement_no = agreements.agreement_no
qualify
    row_number() over (
        partition by conflicts.conflict_code, conflicts.agreement_no, conflicts.subject
        order by
            conflicts.one_side nulls last,
            conflicts.other_side nulls last,
            conflicts.evaluation_year nulls last
    ) = 1
