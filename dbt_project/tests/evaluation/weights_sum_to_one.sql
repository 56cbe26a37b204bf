{{ config(severity='error', tags=['evaluation'], meta={
    'owner': '方案维护 (whoever keeps the schemes)', 'next_step': 'Correct seeds/policy/scheme_indicator.csv.',
}) }}
-- The nominal weights of a scheme and scale sum to 1.
select
    scheme_code,
    scheme_version,
    group_code,
    sum(weight) as weights,
from {{ ref('fct_weight') }}
group by scheme_code, scheme_version, group_code
having abs(sum(weight) - 1) > 1e-9
