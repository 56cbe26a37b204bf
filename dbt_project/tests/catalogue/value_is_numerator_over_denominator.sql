{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)',
    'next_step': 'Look at the macros indicator_values and indicator_rows.',
}) }}
-- A value is its numerator over its denominator, both of which are there; 1e-12 is the error of a division.
select
    scale,
    indicator_code,
    count(*) as wrong_rows,
from {{ ref('fct_indicator_value') }}
where
    value is not null
    and not coalesce(abs(value - numerator / denominator) <= 1e-12 * abs(numerator / denominator), false)
group by scale, indicator_code
