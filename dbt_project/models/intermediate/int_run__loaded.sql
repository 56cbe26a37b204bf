-- One row: which datasets the year has. A dataset whose only files were rejected counts as absent.
select
    {% for dataset in ['buildings', 'enterprises', 'occupancy', 'operations', 'taxes', 'energy', 'emissions', 'zones'] %}
    coalesce(bool_or(dataset = '{{ dataset }}'), false) as {{ dataset }}_loaded,
    {% endfor %}
from {{ ref('stg_ledger__loads') }}
where state = 'loaded' and data_year = {{ eval_year() }}
