-- Everything that falls due: the day, the event behind it, and when it was done.
{%- set agreed_columns = ['start_due', 'completion_due', 'production_due', 'capacity_due', 'lease_end_date'] %}
{%- set milestones = {'开工': 'started_date', '竣工': 'completed_date', '投产': 'produced_date', '达产': 'reached_date'} %}

with agreed_dates as (
    {%- for column in agreed_columns %}
    select
        agreement_no,
        rule_version,
        '{{ column }}' as due_column,
        {{ column }} as agreed_date,
    from {{ ref('int_contract__agreements') }}
    where {{ column }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

first_events as (
    select
        agreement_no,
        event,
        min(event_date) as event_date,
    from {{ ref('int_contract__events') }}
    where event in ('先租后让申请', '出让签订')
    group by agreement_no, event
    {%- for event, column in milestones.items() %}
    union all
    select
        agreement_no,
        '{{ event }}' as event,
        {{ column }} as event_date,
    from {{ ref('int_contract__milestones') }}
    where {{ column }} is not null
    {%- endfor %}
),

agreed as (
    select
        agreed_dates.agreement_no,
        obligations.obligation,
        case
            when obligations.months_setting is null then agreed_dates.agreed_date
            else {{ months_after('agreed_dates.agreed_date', 'settings.value * if(obligations.before, -1, 1)') }}
        end as due_date,
        done.event_date as done_date,
        voided.event_date is not null as is_void,
    from agreed_dates
    inner join {{ ref('contract_obligation') }} as obligations on agreed_dates.due_column = obligations.due_column
    left join {{ ref('contract_setting') }} as settings
        on agreed_dates.rule_version = settings.rule_version and obligations.months_setting = settings.setting
    left join first_events as done
        on agreed_dates.agreement_no = done.agreement_no and obligations.done_event = done.event
    left join first_events as voided
        on agreed_dates.agreement_no = voided.agreement_no and obligations.void_event = voided.event
),

asked as (
    select
        events.agreement_no,
        events.stage,
        events.indicator_code,
        events.event_date,
        obligations.obligation,
        obligations.done_event,
        {{ months_after('events.event_date', 'settings.value * if(obligations.before, -1, 1)') }} as due_date,
    from {{ ref('int_contract__events') }} as events
    inner join {{ ref('contract_obligation') }} as obligations on events.event = obligations.due_event
    inner join {{ ref('int_contract__agreements') }} as agreements on events.agreement_no = agreements.agreement_no
    inner join {{ ref('contract_setting') }} as settings
        on agreements.rule_version = settings.rule_version and obligations.months_setting = settings.setting
),

answers as (
    select
        agreement_no,
        event,
        event_date,
    from {{ ref('int_contract__events') }}
    where event in ('续期决定', '终止同意')
)

select
    agreement_no,
    obligation,
    cast(null as varchar) as stage,
    cast(null as varchar) as indicator_code,
    0 as period_no,
    due_date,
    cast(null as date) as basis_date,
    cast(null as integer) as failed_year,
    done_date,
    is_void,
    cast(null as varchar) as department,
    cast(null as varchar) as document_no,
from agreed
union all
select
    asked.agreement_no,
    asked.obligation,
    cast(null as varchar) as stage,
    asked.indicator_code,
    0 as period_no,
    asked.due_date,
    asked.event_date as basis_date,
    cast(null as integer) as failed_year,
    answers.event_date as done_date,
    false as is_void,
    cast(null as varchar) as department,
    cast(null as varchar) as document_no,
from asked
{{ asof_left_join('answers', 'answers', [
    'asked.agreement_no = answers.agreement_no',
    'asked.done_event = answers.event',
    'asked.event_date <= answers.event_date',
], 'answers.event_date') }}
union all
select
    agreement_no,
    stage || '评估' as obligation,
    stage,
    cast(null as varchar) as indicator_code,
    period_no,
    due_date,
    cast(null as date) as basis_date,
    failed_year,
    done_date,
    false as is_void,
    cast(null as varchar) as department,
    cast(null as varchar) as document_no,
from {{ ref('int_contract__evaluations_due') }}
union all
select
    agreement_no,
    '整改' as obligation,
    stage,
    indicator_code,
    0 as period_no,
    effective_deadline as due_date,
    notice_date as basis_date,
    cast(null as integer) as failed_year,
    completed_date as done_date,
    false as is_void,
    department,
    document_no,
from {{ ref('int_contract__rectification') }}
