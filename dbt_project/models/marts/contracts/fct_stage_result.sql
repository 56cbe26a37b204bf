-- The result of each evaluation, with the distinct years failed up to it.
-- two stages failed in one year count once
with failed as (
    select distinct
        agreement_no,
        evaluation_year,
    from {{ ref('int_contract__evaluations') }}
    where counts_failed
),

counted as (
    select
        agreement_no,
        evaluation_year,
        lead(evaluation_year, 1, 2147483647) over years as next_year,
        row_number() over years as failed_years,
    from failed
    window years as (partition by agreement_no order by evaluation_year)
)

select
    evaluations.agreement_no,
    evaluations.stage,
    evaluations.evaluation_year,
    nullif(evaluations.period_no, 0) as period_no,
    evaluations.result,
    evaluations.result_date,
    evaluations.result_reason,
    evaluations.first_result,
    evaluations.first_result <> evaluations.result as restated,
    cast(coalesce(counted.failed_years, 0) as integer) as failed_years_cumulative,
    evaluations.counts_failed,
    cast(evaluations.findings as integer) as finding_count,
    cast(evaluations.met as integer) as met_count,
    cast(evaluations.missed as integer) as missed_count,
    cast(evaluations.missed_by_verdict as integer) as missed_by_verdict_count,
    cast(evaluations.pending as integer) as pending_count,
    departments.department,
    coalesce(agreements.zone_code, agreements.district_code) as compiled_by,
    agreements.district_code,
    agreements.zone_code,
    agreements.parcel_code,
    agreements.uscc,
    agreements.rule_version,
    {{ run_id() }} as run_id,
from {{ ref('int_contract__evaluations') }} as evaluations
inner join {{ ref('int_contract__agreements') }} as agreements on evaluations.agreement_no = agreements.agreement_no
-- the last failed year up to the row's own; after the newest comes the greatest integer, for a join by comparison alone
left join counted
    on
        evaluations.agreement_no = counted.agreement_no
        and evaluations.evaluation_year >= counted.evaluation_year
        and evaluations.evaluation_year < counted.next_year
left join {{ ref('int_contract__departments') }} as departments
    on evaluations.agreement_no = departments.agreement_no and evaluations.stage = departments.stage
