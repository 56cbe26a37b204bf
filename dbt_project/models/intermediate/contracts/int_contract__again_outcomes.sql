-- The findings of the further years in which a stage may be evaluated again.
with again as (
    select *,
    from {{ ref('int_contract__candidates') }}
    where not is_certain
),

found as (
    {{ contract_outcomes('again', ref('int_contract__evidence')) }}
)

select *,
from found
