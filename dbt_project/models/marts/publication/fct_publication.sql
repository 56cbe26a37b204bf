-- The earlier published runs of the year, and in how much each differs from the one that stands.
with runs as (
    select from_run_id,
    from {{ ref('stg_carried__earlier_run') }}
    union
    select run_id as from_run_id,
    from {{ ref('stg_carried__former_run') }}
)

select
    {{ eval_year() }} as year,
    runs.from_run_id,
    count(changes.unit_code) as changed_count,
    count(changes.unit_code) filter (where changes.grade_before is distinct from changes.grade_after)
        as grade_changed_count,
    count(changes.unit_code) filter (where changes.cause = 'objection') as objection_count,
    {{ run_id() }} as run_id,
from runs
left join {{ ref('fct_publication_change') }} as changes on runs.from_run_id = changes.from_run_id
where runs.from_run_id <> {{ run_id() }}
group by runs.from_run_id
