{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at the macro null_reason.',
}) }}
-- A value, or a reason; never both, never neither, never an infinite value.
select
    scale,
    indicator_code,
    count(*) as wrong_rows,
from {{ ref('fct_indicator_value') }}
where (value is null) = (null_reason is null) or not coalesce(isfinite(value), true)
group by scale, indicator_code
