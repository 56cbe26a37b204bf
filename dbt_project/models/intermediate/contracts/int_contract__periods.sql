-- When each stage, and each period of 过程, is first evaluated. period_no 0: the stage has no periods.
with due as (
    select
        agreements.agreement_no,
        stage_rules.stage,
        stage_rules.periodic,
        case stage_rules.first_due_column
            {%- for name in ['start_due', 'completion_due', 'production_due', 'capacity_due', 'lease_end_date'] %}
            when '{{ name }}' then agreements.{{ name }}
            {%- endfor %}
            when 'term_end_date' then agreements.term_end_date
        end as agreed_date,
        stage_rules.months_before,
    from {{ ref('int_contract__agreements') }} as agreements
    cross join {{ ref('contract_stage') }} as stage_rules
),

once as (
    select
        agreement_no,
        stage,
        cast({{ months_added('agreed_date', '-months_before') }} as date) as first_due_date,
    from due
    where not periodic and agreed_date is not null
),

-- process evaluations run from the day on which capacity was reached, the agreed one until that is known
bases as (
    select
        due.agreement_no,
        due.stage,
        cast({{ months_added('coalesce(milestones.reached_date, due.agreed_date)', '-due.months_before') }} as date)
            as base,
        agreements.interval_months,
        agreements.periods_at_most,
        least(last_stage.first_due_date, agreements.term_end_date) as last_date,
    from due
    inner join {{ ref('int_contract__agreements') }} as agreements on due.agreement_no = agreements.agreement_no
    left join {{ ref('int_contract__milestones') }} as milestones on due.agreement_no = milestones.agreement_no
    left join once as last_stage on due.agreement_no = last_stage.agreement_no and last_stage.stage = '到期'
    where due.periodic and coalesce(milestones.reached_date, due.agreed_date) is not null
),

counted as (
    select
        *,
        least(
            periods_at_most,
            greatest(
                ((year(last_date) - year(base)) * 12 + month(last_date) - month(base)) // greatest(interval_months, 1),
                0
            )
        ) as period_count,
    from bases
),

numbered as (
    select
        agreement_no,
        stage,
        last_date,
        base,
        interval_months,
        {{ rows_of(numbers(1, 'period_count + 1')) }} as period_no,
    from counted
    where interval_months > 0
),

periods as (
    select
        agreement_no,
        stage,
        last_date,
        cast(period_no as integer) as period_no,
        cast({{ months_added('base', 'period_no * interval_months') }} as date) as first_due_date,
    from numbered
)

select
    agreement_no,
    stage,
    0 as period_no,
    first_due_date,
    cast(null as date) as next_due_date,
from once
union all
select
    agreement_no,
    stage,
    period_no,
    first_due_date,
    lead(first_due_date) over (partition by agreement_no, stage order by period_no) as next_due_date,
from periods
where first_due_date < last_date
