-- Objections with the notice and the deadline that count for each (docs/objections.md, O1, O2).
with objections as (
    select
        *,
        coalesce(objected_year, data_year) as evaluation_year,
    from {{ ref('stg_accepted__objections') }}
),

noticed as (
    select
        objections.objection_no,
        notices.notice_no,
        notices.deadline,
        row_number() over (
            partition by objections.objection_no
            order by
                notices.start_date > objections.received_date nulls last,
                abs({{ days_between('objections.received_date', 'notices.start_date') }}) nulls last,
                notices.notice_no
        ) as turn,
    from objections
    inner join {{ ref('stg_accepted__public_notices') }} as notices
        on objections.evaluation_year = notices.noticed_year
    qualify turn = 1
)

select
    objections.objection_no,
    objections.evaluation_year,
    objections.data_year,
    objections.load_id,
    objections.row_no,
    objections.scale,
    objections.unit_code,
    objections.indicator_code,
    objections.claim,
    objections.evidence,
    objections.received_date,
    objections.decision,
    objections.decision_date,
    objections.correction_no,
    noticed.notice_no,
    coalesce(objections.deadline, noticed.deadline) as deadline,
    objections.received_date > coalesce(objections.deadline, noticed.deadline) as is_late,
from objections
left join noticed on objections.objection_no = noticed.objection_no
