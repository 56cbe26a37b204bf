-- Scores and grades that differ between the run that stands and the working one.
select
    scale,
    unit_code,
    scheme_code,
    scheme_version,
    score_before,
    score_after,
    grade_before,
    grade_after,
    stood_before,
    stands_after,
    own_changed,
from {{ source('carried', 'publication_step') }}
