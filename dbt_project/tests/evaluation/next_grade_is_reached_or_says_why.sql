{{ config(severity='error', tags=['evaluation'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/judging.py, next_grade, for the units listed.',
}) }}
-- A needed value, or a reason; never both, never neither, never an infinite value.
select
    scale,
    unit_code,
    scheme_code,
    indicator_code,
    needed_value,
    not_reached_reason,
from {{ ref('fct_next_grade') }}
where
    (needed_value is null) = (not_reached_reason is null)
    or not coalesce(isfinite(needed_value), true)
