{{ config(severity='warn', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)',
    'next_step': 'Compare quarantine.finding with the ledger row of the file; a finding may lack its load.',
}) }}
-- Each quarantined row of a loaded file stands in fct_quarantine with a reason.
with counted as (
    select
        file_sha256,
        dataset,
        year,
        file_name,
        count(distinct row_no) as quarantined,
    from {{ ref('fct_quarantine') }}
    where severity = 'error' and row_no > 0
    group by file_sha256, dataset, year, file_name
)

select
    loads.file_name,
    loads.dataset,
    loads.year,
    loads.quarantined,
    coalesce(counted.quarantined, 0) as with_reason,
from {{ ref('fct_load') }} as loads
left join counted
    on
        loads.file_sha256 = counted.file_sha256
        and loads.dataset = counted.dataset
        and loads.year = counted.year
        and loads.file_name = counted.file_name
where loads.state = 'loaded' and loads.quarantined != coalesce(counted.quarantined, 0)
