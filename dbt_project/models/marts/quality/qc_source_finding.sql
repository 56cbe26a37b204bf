-- Warnings of the profile's own checks on the rows of this year's active loads.
select
    loads.file_sha256,
    findings.dataset,
    findings.data_year as year,
    loads.file_name,
    findings.row_no,
    findings.rule_code,
    findings.value,
    findings.message_en as detail,
    findings.message_zh,
    {{ run_id() }} as run_id,
from {{ ref('stg_qc__source_findings') }} as findings
inner join {{ ref('stg_ledger__loads') }} as loads on findings.load_id = loads.load_id
where loads.state = 'loaded' and findings.data_year = {{ eval_year() }}
