{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at the ledger row of the file and load it again.',
}) }}
-- rows in = accepted + quarantined + superseded, for every file.
select
    file_name,
    dataset,
    year,
from {{ ref('fct_load') }}
where rows_in is distinct from accepted + quarantined + superseded
