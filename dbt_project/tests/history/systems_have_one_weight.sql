{{ config(severity='error', tags=['indicators'], meta={
    'owner': '政策维护 (policy)', 'next_step': 'Give a system one system_weight in seeds/policy/benefit_indicator.csv.',
}) }}
-- A system of benefit has one weight, above 0, and every weight is 0 or more.
select
    system,
    count(distinct system_weight) as weights,
from {{ ref('benefit_indicator') }}
group by system
having count(distinct system_weight) != 1 or min(system_weight) <= 0 or min(weight) < 0
