{{ config(severity='error', tags=['evaluation'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/score.py for the units listed.',
}) }}
-- A unit has every indicator of its scheme once; the contributions add up to its score, without a score there are none.
with components as (
    select
        scale,
        unit_code,
        year,
        scheme_code,
        scheme_version,
        sum(contribution) as contributions,
        sum(obstacle_degree) as obstacles,
        count(*) as indicators,
        sum(cast(hash(indicator_code) as hugeint)) as indicator_mark,
    from {{ ref('fct_score_component') }}
    group by all
),

schemes as (
    select
        scheme_code,
        scheme_version,
        group_code as scale,
        count(*) as indicators,
        sum(cast(hash(indicator_code) as hugeint)) as indicator_mark,
    from {{ ref('fct_weight') }}
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
left join components
    on
        scores.scale = components.scale
        and scores.unit_code = components.unit_code
        and scores.year = components.year
        and scores.scheme_code = components.scheme_code
        and scores.scheme_version = components.scheme_version
left join schemes
    on
        scores.scale = schemes.scale
        and scores.scheme_code = schemes.scheme_code
        and scores.scheme_version = schemes.scheme_version
where
    scores.rated is distinct from (scores.score is not null)
    or scores.rated is distinct from (scores.not_rated_reason is null)
    or components.indicators is distinct from schemes.indicators
    or components.indicator_mark is distinct from schemes.indicator_mark
    or scores.rated is distinct from (components.contributions is not null)
    or abs(scores.score - components.contributions) > 1e-9 * greatest(1, abs(scores.score))
    or (components.obstacles <> 0 and abs(components.obstacles - 1) > 1e-9)
