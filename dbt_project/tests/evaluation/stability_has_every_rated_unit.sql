{{ config(severity='error', tags=['evaluation'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/judging/stability.py for the units listed.',
}) }}
-- Each rated unit stands once, with its quantiles in order, probabilities that fit, its score within the bounds,
-- and a reason for a flag.
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
    or stability.data_rank_p05 > stability.data_rank_p95
    or stability.joint_rank_p05 > stability.joint_rank_p95
    or stability.data_score_p05 > stability.data_score_p95
    or stability.consequence_probability < stability.grade_probability
    or stability.data_consequence_probability < stability.data_grade_probability
    or stability.joint_consequence_probability < stability.joint_grade_probability
    or stability.flag is distinct from if(scores.grade is null, null, stability.hangs_on is not null)
    or scores.score not between stability.missing_low and stability.missing_high
    or (scores.rated and (stability.grade_probability is null) is distinct from (scores.grade is null))
