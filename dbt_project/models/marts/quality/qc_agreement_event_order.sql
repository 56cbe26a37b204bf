-- Start, completion, production and reaching capacity out of order, as agreed and as they happened.
with dates as (
    select
        agreement_no,
        'due' as kind,
        unnest([start_due, completion_due, production_due, capacity_due]) as step_date,
        unnest(['开工', '竣工', '投产', '达产']) as step,
        unnest([1, 2, 3, 4]) as step_no,
    from {{ ref('stg_accepted__agreements') }}
    union all
    select
        agreement_no,
        'event' as kind,
        min(event_date) as step_date,
        event as step,
        list_position(['开工', '竣工', '投产', '达产'], event) as step_no,
    from {{ ref('stg_accepted__agreement_events') }}
    where event in ('开工', '竣工', '投产', '达产')
    group by agreement_no, event
),

compared as (
    select
        *,
        arg_max(step, step_date) over earlier as earlier_step,
        max(step_date) over earlier as earlier_date,
    from dates
    where step_date is not null
    window
        earlier as (
            partition by agreement_no, kind order by step_no rows between unbounded preceding and 1 preceding
        )
)

select
    agreement_no,
    kind,
    step,
    {{ eval_year() }} as year,
    step_date,
    earlier_step,
    earlier_date,
    format('{} {} < {} {}', step, step_date, earlier_step, earlier_date) as detail,
    format(
        '{}{}日期{}早于{}日期{},请核对。', if(kind = 'due', '约定', ''), step, step_date, earlier_step, earlier_date
    ) as message_zh,
    {{ run_id() }} as run_id,
from compared
where step_date < earlier_date
