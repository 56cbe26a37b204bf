-- When each step was reached: the day of its own event, else, at the latest, that of the first later step.
with own as (
    select
        agreements.agreement_no,
        min(events.event_date) filter (where events.event = '开工') as started_date,
        min(events.event_date) filter (where events.event = '竣工') as completed_date,
        min(events.event_date) filter (where events.event = '投产') as produced_date,
        min(events.event_date) filter (where events.event = '达产') as reached_date,
    from {{ ref('stg_accepted__agreements') }} as agreements
    left join {{ ref('int_contract__events') }} as events on agreements.agreement_no = events.agreement_no
    group by agreements.agreement_no
)

select
    agreement_no,
    coalesce(started_date, completed_date, produced_date, reached_date) as started_date,
    coalesce(completed_date, produced_date, reached_date) as completed_date,
    coalesce(produced_date, reached_date) as produced_date,
    reached_date,
    started_date is null and coalesce(completed_date, produced_date, reached_date) is not null as start_inferred,
    completed_date is null and coalesce(produced_date, reached_date) is not null as completion_inferred,
    produced_date is null and reached_date is not null as production_inferred,
from own
