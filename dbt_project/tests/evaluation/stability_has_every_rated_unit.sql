{{ config(severity='error', tags=['evaluation'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/stability.py for the units listed.',
}) }}
-- Each rated unit stands once, with its quantiles in order, a probability from 0 to 1 and its score within the bounds.
select
    scores.scale,
    scores.unit_code,
    scores.scheme_code,
    stability.rank_p05,
    stability.rank_p95,
    stability.grade_probability,
from {{ ref('fct_score') }} as scores
full join {{ ref('fct_score_stability') }} as stability
    on
        scores.scale = stability.scale
        and scores.unit_code = stability.unit_code
        and scores.year = stability.year
        and scores.scheme_code = stability.scheme_code
        and scores.scheme_version = stability.scheme_version
where
    scores.unit_code is null
    or scores.rated is distinct from (stability.unit_code is not null)
    or stability.rank_p05 > stability.rank_p95
    or stability.rank_p05 < 1
    or stability.grade_probability not between 0 and 1
    or (scores.rated and (stability.grade_probability is null) is distinct from (scores.grade is null))
