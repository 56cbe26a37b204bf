-- Accepted corrections; one whose dataset-year is not loaded yet waits (docs/objections.md, O5).
with loaded as (
    select distinct
        dataset,
        data_year,
    from {{ ref('stg_ledger__loads') }}
    where state = 'loaded'
)

select
    corrections.correction_no,
    corrections.dataset,
    corrections.corrected_year,
    corrections.key_json,
    corrections.column_name,
    corrections.old_value,
    corrections.new_value,
    corrections.reason,
    corrections.approved_by,
    corrections.document_no,
    corrections.effective_date,
    case when loaded.dataset is not null then 'applied' else 'waiting' end as state,
from {{ ref('stg_accepted__corrections') }} as corrections
left join loaded on corrections.dataset = loaded.dataset and corrections.corrected_year = loaded.data_year
