-- What each agreement owes and when, as seen on the as-of date.
with owed as (
    select
        agreements.agreement_no,
        agreements.parcel_code,
        obligations.obligation,
        obligations.stage,
        obligations.done_events,
        obligations.notice_days,
        cast(
            case obligations.due_column
                when 'start_due' then agreements.start_due
                when 'completion_due' then agreements.completion_due
                when 'production_due' then agreements.production_due
                when 'capacity_due' then agreements.capacity_due
                when 'term_end_date' then agreements.term_end_date
            end - to_months(obligations.months_before) as date
        ) as due_date,
    from {{ ref('stg_accepted__agreements') }} as agreements
    cross join {{ ref('obligation') }} as obligations
),

done as (
    select
        agreement_no,
        list(distinct event) as events,
    from {{ ref('stg_accepted__agreement_events') }}
    where event_date <= {{ as_of_date() }}
    group by agreement_no
),

departments as (
    select
        agreement_no,
        stage,
        string_agg(distinct department, '、' order by department) as department,
    from {{ ref('stg_accepted__agreement_targets') }}
    group by agreement_no, stage
)

select
    {{ as_of_date() }} as as_of_date,
    owed.agreement_no,
    owed.obligation,
    owed.due_date,
    cast(row_number() over (
        partition by owed.agreement_no, owed.obligation, owed.due_date order by owed.stage
    ) as integer) as seq_no,
    owed.stage,
    cast(null as integer) as period_no,
    cast(owed.due_date - {{ as_of_date() }} as integer) as days_left,
    case
        when list_has_any(string_split(owed.done_events, '|'), done.events) then 'done'
        when owed.due_date < {{ as_of_date() }} then 'overdue'
        when owed.due_date - {{ as_of_date() }} <= owed.notice_days then 'due'
        else 'upcoming'
    end as state,
    departments.department,
    parcels.district_code,
    {{ run_id() }} as run_id,
from owed
left join done on owed.agreement_no = done.agreement_no
left join departments on owed.agreement_no = departments.agreement_no and owed.stage = departments.stage
left join {{ ref('stg_accepted__parcels_ever') }} as parcels on owed.parcel_code = parcels.parcel_code
where owed.due_date is not null
