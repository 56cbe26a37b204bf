{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at int_pairing__shares for the enterprises listed.',
}) }}
-- The shares of an enterprise sum to 1.
select
    uscc,
    sum(share) as shares,
from {{ ref('bridge_parcel_enterprise') }}
group by uscc
having abs(sum(share) - 1) > 1e-9
