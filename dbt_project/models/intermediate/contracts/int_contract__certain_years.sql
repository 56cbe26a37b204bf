-- The years in which a stage, or a period of it, is evaluated whatever comes of it: declared, or first due.
with declared as (
    select distinct
        agreement_no,
        stage,
        evaluation_year,
        true as has_verdict,
    from {{ ref('int_contract__verdicts') }}
    union all
    select distinct
        reports.agreement_no,
        reports.stage,
        reports.evaluation_year,
        false as has_verdict,
    from {{ ref('stg_accepted__self_reports') }} as reports
    semi join {{ ref('int_contract__targets') }} as targets
        on
            reports.agreement_no = targets.agreement_no
            and reports.stage = targets.stage
            and reports.indicator_code = targets.indicator_code
),

first_years as (
    select
        agreement_no,
        stage,
        min(year(first_due_date)) as first_year,
    from {{ ref('int_contract__periods') }}
    group by agreement_no, stage
),

-- before its first due date a stage is evaluated only where a department gave a verdict
in_time as (
    select
        declared.agreement_no,
        declared.stage,
        declared.evaluation_year,
    from declared
    left join first_years on declared.agreement_no = first_years.agreement_no and declared.stage = first_years.stage
    where declared.has_verdict or first_years.first_year is null or declared.evaluation_year >= first_years.first_year
    group by declared.agreement_no, declared.stage, declared.evaluation_year
),

in_periods as (
    select
        in_time.agreement_no,
        in_time.stage,
        in_time.evaluation_year,
        coalesce(periods.period_no, case when stage_rules.periodic then 1 else 0 end) as period_no,
    from in_time
    inner join {{ ref('contract_stage') }} as stage_rules on in_time.stage = stage_rules.stage
    {{ asof_left_join(ref('int_contract__periods'), 'periods', [
        'in_time.agreement_no = periods.agreement_no',
        'in_time.stage = periods.stage',
        'in_time.evaluation_year >= year(periods.first_due_date)',
    ], 'periods.first_due_date desc') }}
),

due as (
    select
        agreement_no,
        stage,
        year(first_due_date) as evaluation_year,
        period_no,
    from {{ ref('int_contract__periods') }}
    where year(first_due_date) <= {{ last_whole_year() }}
),

joined as (
    select
        agreement_no,
        stage,
        evaluation_year,
        period_no,
    from in_periods
    union all
    select
        agreement_no,
        stage,
        evaluation_year,
        period_no,
    from due
)

select
    joined.agreement_no,
    joined.stage,
    cast(joined.evaluation_year as integer) as evaluation_year,
    max(joined.period_no) as period_no,
from joined
inner join {{ ref('int_contract__agreements') }} as agreements on joined.agreement_no = agreements.agreement_no
where
    joined.evaluation_year >= year(agreements.signed_date)
    and (agreements.ended_date is null or joined.evaluation_year <= year(agreements.ended_date))
group by joined.agreement_no, joined.stage, joined.evaluation_year
