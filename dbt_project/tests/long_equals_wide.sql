{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)',
    'next_step': 'Rebuild fct_indicator_value and the wide marts in one run; both loop over macros/indicators.sql.',
}) }}
-- The long table and the wide ones hold the same number of values with the same sum, for each scale and indicator.
with wide as (
    {% for scale, model, unit_code, specs in scales() %}
    {% set outer = loop %}
    {% for spec in specs %}
    select
        '{{ scale }}' as scale,
        '{{ spec.code }}' as indicator_code,
        count({{ spec.code }}) as value_count,
        sum(hash({{ spec.code }})) filter (where {{ spec.code }} is not null) as value_digest,
    from {{ ref('fct_' ~ scale ~ '_year') }}
    {{ 'union all' if not (loop.last and outer.last) }}
    {% endfor %}
    {% endfor %}
),

long as (
    select
        scale,
        indicator_code,
        count(value) as value_count,
        sum(hash(value)) filter (where value is not null) as value_digest,
    from {{ ref('fct_indicator_value') }}
    group by scale, indicator_code
)

select
    wide.scale,
    wide.indicator_code,
    wide.value_count as wide_count,
    coalesce(long.value_count, 0) as long_count,
from wide
left join long on wide.scale = long.scale and wide.indicator_code = long.indicator_code
where
    wide.value_count != coalesce(long.value_count, 0)
    or wide.value_digest is distinct from long.value_digest
