-- One row: which datasets the year has. A dataset whose only files were rejected counts as absent.
select
    {{ loaded_flags() }}
from {{ ref('stg_ledger__loads') }}
where state = 'loaded' and data_year = {{ eval_year() }}
