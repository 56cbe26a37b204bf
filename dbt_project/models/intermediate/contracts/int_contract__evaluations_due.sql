-- When each evaluation is due: first, and again in the year after a failed one; and which evaluation did it.
with conclusive as (
    select
        agreement_no,
        stage,
        coalesce(period_no, 0) as period_no,
        evaluation_year,
        result,
        result_date,
        lead(result_date) over (
            partition by agreement_no, stage, coalesce(period_no, 0) order by evaluation_year
        ) as next_result_date,
    from {{ ref('int_contract__evaluations') }}
    where result in ('达标', '不达标') and result_date <= {{ as_of_date() }}
),

first_results as (
    select
        agreement_no,
        stage,
        period_no,
        {{ value_at_least('result_date', 'evaluation_year') }} as result_date,
    from conclusive
    group by agreement_no, stage, period_no
),

again as (
    select
        conclusive.*,
        periods.next_due_date,
        12 * (conclusive.evaluation_year + 1 - year(periods.first_due_date)) as months_later,
        {{ months_after('periods.first_due_date', 'months_later') }} as due_date,
    from conclusive
    inner join {{ ref('contract_stage') }} as stage_rules on conclusive.stage = stage_rules.stage
    inner join {{ ref('int_contract__periods') }} as periods
        on
            conclusive.agreement_no = periods.agreement_no
            and conclusive.stage = periods.stage
            and conclusive.period_no = coalesce(periods.period_no, 0)
    where conclusive.result = '不达标' and stage_rules.reevaluated
)

select
    periods.agreement_no,
    periods.stage,
    coalesce(periods.period_no, 0) as period_no,
    periods.first_due_date as due_date,
    cast(null as integer) as failed_year,
    first_results.result_date as done_date,
from {{ ref('int_contract__periods') }} as periods
left join first_results
    on
        periods.agreement_no = first_results.agreement_no
        and periods.stage = first_results.stage
        and coalesce(periods.period_no, 0) = first_results.period_no
union all
select
    again.agreement_no,
    again.stage,
    again.period_no,
    again.due_date,
    again.evaluation_year as failed_year,
    again.next_result_date as done_date,
from again
inner join {{ ref('int_contract__agreements') }} as agreements on again.agreement_no = agreements.agreement_no
where
    (again.due_date <= agreements.term_end_date or agreements.term_end_date is null)
    and (again.evaluation_year + 1 < year(again.next_due_date) or again.next_due_date is null)
