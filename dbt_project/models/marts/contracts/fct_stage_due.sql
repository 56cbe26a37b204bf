-- What each agreement owes and when, as seen on the as-of date.
with repeated as (
    select
        agreement_no,
        obligation,
        due_date,
    from {{ ref('int_contract__due') }}
    group by agreement_no, obligation, due_date
    having count(*) > 1
),

-- few days have more than one row: only those are put in order
due as (
    select
        due.*,
        1 as seq_no,
    from {{ ref('int_contract__due') }} as due
    anti join repeated
        on
            due.agreement_no = repeated.agreement_no
            and due.obligation = repeated.obligation
            and due.due_date = repeated.due_date
    union all
    select
        due.*,
        row_number() over (
            partition by due.agreement_no, due.obligation, due.due_date
            order by
                due.stage nulls first,
                due.indicator_code nulls first,
                due.basis_date nulls first,
                due.period_no,
                due.failed_year nulls first
        ) as seq_no,
    from {{ ref('int_contract__due') }} as due
    semi join repeated
        on
            due.agreement_no = repeated.agreement_no
            and due.obligation = repeated.obligation
            and due.due_date = repeated.due_date
)

select
    {{ as_of_date() }} as as_of_date,
    due.agreement_no,
    due.obligation,
    due.due_date,
    cast(due.seq_no as integer) as seq_no,
    case when obligations.due_event = '整改通知' then due.stage else obligations.stage end as stage,
    due.indicator_code,
    cast(nullif(due.period_no, 0) as integer) as period_no,
    due.basis_date,
    due.failed_year,
    cast({{ days_between(as_of_date(), 'due.due_date') }} as integer) as days_left,
    case
        when due.done_date is not null then 'done'
        when agreements.ended_date <= due.due_date or due.is_void then 'void'
        when due.due_date < {{ as_of_date() }} then 'overdue'
        when {{ days_between(as_of_date(), 'due.due_date') }} <= obligations.notice_days then 'due'
        else 'upcoming'
    end as state,
    due.done_date,
    case
        when due.done_date is not null
            then cast(greatest({{ days_between('due.due_date', 'due.done_date') }}, 0) as integer)
    end as days_late,
    coalesce(due.department, departments.department, obligations.department) as department,
    due.document_no,
    agreements.parcel_code,
    agreements.uscc,
    agreements.district_code,
    {{ run_id() }} as run_id,
from due
inner join {{ ref('contract_obligation') }} as obligations on due.obligation = obligations.obligation
inner join {{ ref('int_contract__agreements') }} as agreements on due.agreement_no = agreements.agreement_no
left join {{ ref('int_contract__departments') }} as departments
    on
        due.agreement_no = departments.agreement_no
        and obligations.obligation = departments.stage || '评估'
