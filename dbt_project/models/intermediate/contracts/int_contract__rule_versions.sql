-- The versions of the rules, and from which day each binds: the first is open towards the past, the last goes on.
with versions as (
    select
        rule_version,
        min(valid_from) as valid_from,
        max(value) filter (where setting = 'process_interval_months') as process_interval_months,
        max(value) filter (where setting = 'process_periods_at_most') as process_periods_at_most,
    from {{ ref('contract_setting') }}
    group by rule_version
)

select
    rule_version,
    process_interval_months,
    process_periods_at_most,
    row_number() over (order by valid_from nulls first, rule_version) = 1 as is_first,
    valid_from,
    lead(valid_from) over (order by valid_from nulls first, rule_version) as next_from,
from versions
