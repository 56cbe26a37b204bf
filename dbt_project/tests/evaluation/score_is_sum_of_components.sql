{{ config(severity='error', tags=['evaluation'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/score.py for the units listed.',
}) }}
-- The contributions of a unit add up to its score, and a unit without a score has none.
with components as (
    select
        scale,
        unit_code,
        year,
        scheme_code,
        scheme_version,
        sum(contribution) as contributions,
        sum(obstacle_degree) as obstacles,
    from {{ ref('fct_score_component') }}
    group by all
)

select
    scores.scale,
    scores.unit_code,
    scores.scheme_code,
    scores.score,
    components.contributions,
    components.obstacles,
from {{ ref('fct_score') }} as scores
left join components using (scale, unit_code, year, scheme_code, scheme_version)
where
    scores.rated is distinct from (scores.score is not null)
    or scores.rated is distinct from (scores.not_rated_reason is null)
    or scores.rated is distinct from (components.contributions is not null)
    or abs(scores.score - components.contributions) > 1e-9
    or (components.obstacles <> 0 and abs(components.obstacles - 1) > 1e-9)
