-- Corrections as they stood when the year was evaluated, with the objections in time that asked for them.
with asked as (
    select
        correction_no,
        {{ texts_in_order('objection_no', '、', 'objection_no') }} as objection_nos,
    from {{ ref('int_publication__objections') }}
    where decision = '采纳' and is_late is not true
    group by correction_no
)

select
    {{ eval_year() }} as year,
    corrections.correction_no,
    corrections.state,
    corrections.dataset,
    cast(corrections.corrected_year as integer) as corrected_year,
    corrections.key_json,
    corrections.column_name,
    corrections.old_value,
    corrections.new_value,
    corrections.reason,
    corrections.approved_by,
    corrections.document_no,
    corrections.effective_date,
    asked.objection_nos,
    {{ run_id() }} as run_id,
from {{ ref('int_publication__corrections') }} as corrections
left join asked on corrections.correction_no = asked.correction_no
