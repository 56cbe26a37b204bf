-- Each error rule that a quarantined row of an active load breaks, with the warnings of the same row beside it.
with findings as (
    select
        findings.*,
        loads.file_sha256,
        loads.file_name,
        loads.run_id,
    from {{ ref('stg_quarantine__findings') }} as findings
    inner join {{ ref('stg_ledger__loads') }} as loads on findings.load_id = loads.load_id
    where loads.state in ('loaded', 'rejected')
),

quarantined as (
    select distinct
        load_id,
        dataset,
        data_year,
        row_no,
    from findings
    where severity = 'error'
)

select
    findings.file_sha256,
    findings.dataset,
    findings.data_year as year,
    findings.file_name,
    findings.row_no,
    findings.rule_code,
    findings.column_name,
    findings.value,
    findings.original_row,
    findings.severity,
    findings.message_zh,
    findings.message_en,
    findings.next_step,
    findings.run_id,
from findings
semi join quarantined
    on
        findings.load_id = quarantined.load_id
        and findings.dataset = quarantined.dataset
        and findings.data_year = quarantined.data_year
        and findings.row_no = quarantined.row_no
qualify
    row_number() over (
        partition by
            findings.file_sha256, findings.dataset, findings.data_year, findings.file_name, findings.row_no,
            findings.rule_code
        order by findings.severity, findings.origin, findings.value nulls last, findings.message_zh
    ) = 1
