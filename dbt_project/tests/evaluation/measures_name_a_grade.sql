{{ config(severity='error', tags=['evaluation'], meta={
    'owner': '方案维护 (whoever keeps the schemes)', 'next_step': 'Correct seeds/policy/scheme_measure.csv.',
}) }}
-- A measure follows from a grade that its scheme has at that scale, and stands there once.
select
    measures.scheme_code,
    measures.scheme_version,
    measures.scale,
    measures.grade,
    measures.measure_code,
from {{ ref('scheme_measure') }} as measures
left join {{ ref('scheme_grade') }} as grades
    on
        measures.scheme_code = grades.scheme_code
        and measures.scheme_version = grades.scheme_version
        and measures.scale = grades.scale
        and measures.grade = grades.grade
group by all
having count(*) <> count(grades.grade) or count(*) > 1
