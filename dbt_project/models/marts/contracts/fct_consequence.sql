-- What follows by the rules from dates and failed evaluations. Proposed: people decide, and their decisions are events.
with grounds as (
    select
        dates.agreement_no,
        dates.consequence_code,
        dates.arises_date,
        dates.due_date,
        dates.lapsed_date,
        cast(null as date) as done_date,
        consequences.stage,
        cast(null as integer) as evaluation_year,
        dates.clause,
        dates.evidence,
    from {{ ref('int_contract__grounds_of_dates') }} as dates
    inner join {{ ref('contract_consequence') }} as consequences
        on dates.consequence_code = consequences.consequence_code
    union all
    select
        agreement_no,
        consequence_code,
        arises_date,
        due_date,
        cast(null as date) as lapsed_date,
        done_date,
        stage,
        evaluation_year,
        cast(null as varchar) as clause,
        evidence,
    from {{ ref('int_contract__grounds_of_failures') }}
),

merged as (
    select
        grounds.agreement_no,
        grounds.consequence_code,
        grounds.arises_date,
        max(grounds.due_date) as due_date,
        case when count(*) = count(grounds.lapsed_date) then max(grounds.lapsed_date) end as lapsed_date,
        case when count(*) = count(grounds.done_date) then max(grounds.done_date) end as done_date,
        max(grounds.clause) as clause,
        -- sorted once there: an aggregate with an order of its own sorts every group
        {{ sorted_records({
            'stage_order': 'stage_rules.stage_order',
            'evaluation_year': 'grounds.evaluation_year',
            'evidence': 'grounds.evidence',
            'stage': 'grounds.stage',
        }) }} as sorted_grounds,
    from grounds
    left join {{ ref('contract_stage') }} as stage_rules on grounds.stage = stage_rules.stage
    where grounds.arises_date <= {{ as_of_date() }}
    group by grounds.agreement_no, grounds.consequence_code, grounds.arises_date
),

unfolded as (
    select
        * exclude (sorted_grounds),
        {{ field(first_of('sorted_grounds'), 'stage') }} as stage,
        {{ field(first_of('sorted_grounds'), 'evaluation_year') }} as evaluation_year,
        array_to_string({{ each_of('sorted_grounds', 'ground', field('ground', 'evidence')) }}, ';') as evidence,
    from merged
),

closed as (
    select
        consequence_code,
        done_stage,
        string_split(done_events, '|') as done_events,
    from {{ ref('contract_consequence') }}
),

closed_by as (
    select
        consequence_code,
        done_stage,
        {{ rows_of('done_events') }} as event,
    from closed
),

closing as (
    select
        events.agreement_no,
        closed_by.consequence_code,
        events.event_date,
    from {{ ref('int_contract__events') }} as events
    inner join closed_by
        on
            events.event = closed_by.event
            and (events.stage = closed_by.done_stage or closed_by.done_stage is null or events.stage is null)
),

decisions as (
    select
        agreement_no,
        event_date,
    from {{ ref('int_contract__events') }}
    where event = '委员会决定'
),

followed as (
    select
        unfolded.* exclude (done_date),
        coalesce(unfolded.done_date, closing.event_date) as done_date,
        decisions.event_date as decided_date,
    from unfolded
    {{ asof_left_join('closing', 'closing', [
        'unfolded.agreement_no = closing.agreement_no',
        'unfolded.consequence_code = closing.consequence_code',
        'unfolded.arises_date <= closing.event_date',
    ], 'closing.event_date') }}
    {{ asof_left_join('decisions', 'decisions', [
        'unfolded.agreement_no = decisions.agreement_no',
        'unfolded.arises_date <= decisions.event_date',
    ], 'decisions.event_date') }}
)

select
    followed.agreement_no,
    followed.consequence_code,
    consequences.name_zh,
    followed.arises_date,
    followed.due_date,
    followed.stage,
    cast(followed.evaluation_year as integer) as evaluation_year,
    case
        when followed.done_date is not null then 'done'
        when followed.lapsed_date is not null then 'lapsed'
        when followed.decided_date is not null then 'decided'
        else 'proposed'
    end as state,
    followed.done_date,
    followed.decided_date,
    followed.lapsed_date,
    followed.clause,
    followed.evidence,
    coalesce(departments.department, consequences.department) as department,
    agreements.building_compensation,
    agreements.rule_version,
    agreements.parcel_code,
    agreements.uscc,
    agreements.district_code,
    {{ run_id() }} as run_id,
from followed
inner join {{ ref('int_contract__agreements') }} as agreements on followed.agreement_no = agreements.agreement_no
inner join {{ ref('contract_consequence') }} as consequences
    on followed.consequence_code = consequences.consequence_code
left join {{ ref('int_contract__departments') }} as departments
    on
        followed.agreement_no = departments.agreement_no
        and case when followed.evaluation_year is not null then followed.stage end = departments.stage
where agreements.ended_date >= followed.arises_date or agreements.ended_date is null
