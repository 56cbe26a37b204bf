{{ config(severity='error', tags=['evaluation'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/judging.py, changes, for the units listed.',
}) }}
-- Effects, or a reason; the effects add up to the change of the score.
select
    scale,
    unit_code,
    scheme_code,
    score_change,
    data_effect,
    ideal_effect,
    weight_effect,
    no_effect_reason,
from {{ ref('fct_score_change') }}
where
    (data_effect is null) is distinct from (no_effect_reason is not null)
    or (ideal_effect is null) is distinct from (data_effect is null)
    or (weight_effect is null) is distinct from (data_effect is null)
    or (data_effect is not null and score_change is null)
    or abs(data_effect + ideal_effect + weight_effect - score_change) > 1e-9 * greatest(1, abs(score_change))
