{{ config(severity='error', tags=['evaluation'], meta={
    'owner': '数据工程 (data engineering)',
    'next_step': 'Look at scoring/judging/uncertainty.py (left_out) for the units listed.',
}) }}
-- Each rated unit has a row for each indicator of its scheme; without an indicator of no weight nothing changes.
select
    components.scale,
    components.unit_code,
    components.scheme_code,
    components.indicator_code,
    components.weight,
    left_out.score,
    left_out.score_without,
from {{ ref('fct_score_component') }} as components
inner join {{ ref('fct_score') }} as scores
    on
        components.scale = scores.scale
        and components.unit_code = scores.unit_code
        and components.year = scores.year
        and components.scheme_code = scores.scheme_code
        and components.scheme_version = scores.scheme_version
inner join {{ ref('scheme_indicator') }} as indicators
    on
        components.scheme_code = indicators.scheme_code
        and components.scheme_version = indicators.scheme_version
        and components.scale = indicators.scale
        and components.indicator_code = indicators.indicator_code
left join {{ ref('fct_score_left_out') }} as left_out
    on
        components.scale = left_out.scale
        and components.unit_code = left_out.unit_code
        and components.year = left_out.year
        and components.scheme_code = left_out.scheme_code
        and components.scheme_version = left_out.scheme_version
        and components.indicator_code = left_out.indicator_code
where
    scores.rated
    and (
        left_out.unit_code is null
        or (left_out.score_without is null) is distinct from (left_out.no_score_reason is not null)
        or (components.weight = 0 and abs(left_out.score - left_out.score_without) > 1e-9)
    )
