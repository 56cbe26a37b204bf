-- Every objection with its deadline, decision and what came of it (docs/objections.md, O1 to O5).
select
    objections.objection_no,
    cast(objections.evaluation_year as integer) as year,
    objections.scale,
    objections.unit_code,
    objections.indicator_code,
    objections.claim,
    objections.evidence,
    objections.received_date,
    objections.notice_no,
    objections.deadline,
    case when objections.deadline is null then 'no_notice' end as deadline_reason,
    case
        when objections.is_late then 'late'
        when objections.decision is null then 'open'
        when objections.decision = '不采纳' then 'rejected'
        when corrections.state = 'applied' then 'corrected'
        else 'upheld'
    end as state,
    objections.decision,
    objections.decision_date,
    objections.correction_no,
    case when objections.correction_no is not null then coalesce(corrections.state, 'not_accepted') end
        as correction_state,
    cast(objections.data_year as integer) as data_year,
    objections.load_id,
    objections.row_no,
    {{ run_id() }} as run_id,
from {{ ref('int_publication__objections') }} as objections
left join {{ ref('int_publication__corrections') }} as corrections
    on objections.correction_no = corrections.correction_no
