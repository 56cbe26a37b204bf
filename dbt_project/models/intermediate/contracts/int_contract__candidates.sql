-- The years in which a stage, or a period of it, may have been evaluated: those that are certain, and further ones up
-- to the first certain year that was passed; which of these were is seen from the results.
with results as (
    select
        agreement_no,
        stage,
        period_no,
        evaluation_year,
        count(*) filter (where outcome = '不达标') as missed,
        count(*) filter (where outcome = '待评') as pending,
        count(*) filter (where outcome = '达标') as met,
    from {{ ref('int_contract__certain_outcomes') }}
    group by agreement_no, stage, period_no, evaluation_year
),

passed as (
    select
        agreement_no,
        stage,
        period_no,
        min(evaluation_year) as first_year,
    from results
    where {{ stage_result('missed', 'pending', 'met') }} = '达标'
    group by agreement_no, stage, period_no
),

-- while a stage is not passed it may be evaluated again
unpassed as (
    select
        periods.agreement_no,
        periods.stage,
        periods.period_no,
        greatest(year(periods.first_due_date) + 1, year(agreements.signed_date)) as from_year,
        least(
            year(periods.next_due_date) - 1, year(agreements.ended_date), passed.first_year - 1, {{ last_whole_year() }}
        ) as to_year,
    from {{ ref('int_contract__periods') }} as periods
    inner join {{ ref('contract_stage') }} as stage_rules
        on periods.stage = stage_rules.stage and stage_rules.reevaluated
    inner join {{ ref('int_contract__agreements') }} as agreements on periods.agreement_no = agreements.agreement_no
    left join passed
        on
            periods.agreement_no = passed.agreement_no
            and periods.stage = passed.stage
            and periods.period_no = passed.period_no
),

again as (
    select
        unpassed.agreement_no,
        unpassed.stage,
        years.year as evaluation_year,
        unpassed.period_no,
    from unpassed
    inner join {{ ref('stg_carried__years') }} as years
        on years.year between unpassed.from_year and unpassed.to_year
)

select
    agreement_no,
    stage,
    evaluation_year,
    period_no,
    true as is_certain,
from {{ ref('int_contract__certain_years') }}
union all
select
    again.agreement_no,
    again.stage,
    cast(again.evaluation_year as integer) as evaluation_year,
    again.period_no,
    false as is_certain,
from again
anti join {{ ref('int_contract__certain_years') }} as certain
    on
        again.agreement_no = certain.agreement_no
        and again.stage = certain.stage
        and again.evaluation_year = certain.evaluation_year
