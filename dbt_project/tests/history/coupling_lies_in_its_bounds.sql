{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at int_region__benefit_values and int_region__coupling.',
}) }}
-- Indices, C, T and D lie in 0 to 1, to rounding; where they stand, so do their levels.
select
    scale,
    unit_code,
    year,
    form,
from {{ ref('fct_coupling_coordination') }}
where
    not coalesce(least(economic_benefit_index, social_benefit_index, ecological_benefit_index) >= 0, true)
    or not coalesce(greatest(economic_benefit_index, social_benefit_index, ecological_benefit_index) <= 1 + 1e-9, true)
    or not coalesce(coupling between 0 and 1 + 1e-9 and coordination between 0 and 1 + 1e-9, true)
    or (coupling is null) != (coupling_level is null)
    or (coordination is null) != (coordination_level is null)
