-- What the run that stands said of the runs before it.
select
    scale,
    unit_code,
    scheme_code,
    scheme_version,
    from_run_id,
    score_before,
    score_after,
    grade_before,
    grade_after,
    stood_before,
    stands_after,
    cause,
    objection_nos,
    correction_nos,
from {{ source('carried', 'publication_change') }}
