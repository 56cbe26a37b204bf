select
    scale,
    scheme_code,
    scheme_version,
    year,
    coalesce(previous_grade, 'none') as from_grade,
    coalesce(grade, 'none') as to_grade,
    count(*) as units,
    previous_run_id,
    run_id,
from {{ ref('fct_score_change') }}
where previous_scheme_version is not null
group by all
order by all
