-- Start, completion, production and reaching capacity out of order, as agreed and as they happened.
{% set steps = {'开工': 'start_due', '竣工': 'completion_due', '投产': 'production_due', '达产': 'capacity_due'} -%}
{%- set due = [] -%}
{%- for name, day in steps.items() -%}
    {%- do due.append(record({
        'step_date': day, 'step': "'" ~ name ~ "'", 'step_no': loop.index,
    })) -%}
{%- endfor %}
with agreed as (
    select
        agreement_no,
        {{ rows_of(list_of(due)) }} as due,
    from {{ ref('stg_accepted__agreements') }}
),

dates as (
    select
        agreement_no,
        'due' as kind,
        {{ field('due', 'step_date') }} as step_date,
        {{ field('due', 'step') }} as step,
        {{ field('due', 'step_no') }} as step_no,
    from agreed
    union all
    select
        agreement_no,
        'event' as kind,
        min(event_date) as step_date,
        event as step,
        case event
            {%- for name in steps %}
            when '{{ name }}' then {{ loop.index }}
            {%- endfor %}
        end as step_no,
    from {{ ref('stg_accepted__agreement_events') }}
    where event in ('{{ steps | join("', '") }}')
    group by agreement_no, event
),

compared as (
    select
        *,
        {{ first_in_order('step', 'step_date', 'step_no') }} over earlier as earlier_step,
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
