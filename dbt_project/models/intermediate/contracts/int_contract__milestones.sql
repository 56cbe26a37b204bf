select
    agreements.agreement_no,
    min(events.event_date) filter (where events.event = '开工') as started_date,
    min(events.event_date) filter (where events.event = '竣工') as completed_date,
    min(events.event_date) filter (where events.event = '投产') as produced_date,
    min(events.event_date) filter (where events.event = '达产') as reached_date,
from {{ ref('stg_accepted__agreements') }} as agreements
left join {{ ref('int_contract__events') }} as events on agreements.agreement_no = events.agreement_no
group by agreements.agreement_no
