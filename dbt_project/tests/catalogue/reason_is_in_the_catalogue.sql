{{ config(severity='error', tags=['indicators'], meta={
    'owner': '政策维护 (policy)',
    'next_step': 'Add the reason to null_reasons of seeds/policy/indicator.csv if it is right, else look at the macro null_reason.',
}) }}
-- A missing value has one of the reasons that the catalogue gives its indicator.
with given as (
    select
        scale,
        indicator_code,
        null_reason,
        count(*) as row_count,
    from {{ ref('fct_indicator_value') }}
    where value is null
    group by scale, indicator_code, null_reason
)

select
    given.scale,
    given.indicator_code,
    given.null_reason,
    given.row_count,
from given
left join {{ ref('dim_indicator') }} as catalogue on given.indicator_code = catalogue.indicator_code
where not coalesce(list_contains(string_split(catalogue.null_reasons, '|'), given.null_reason), false)
