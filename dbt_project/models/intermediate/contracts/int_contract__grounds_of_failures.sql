-- Grounds of consequences that lie in failed evaluations and in rectification.
with conclusive as (
    select
        evaluations.agreement_no,
        evaluations.stage,
        evaluations.evaluation_year,
        evaluations.result_date,
        coalesce(evaluations.missed_by_verdict = 0, false) as is_data_alone,
        stage_rules.counts_failed,
        stage_rules.stage_order,
        stage_rules.rectified,
        agreements.rule_version,
        agreements.lease_end_date,
        evaluations.result = '不达标' as is_failed,
        evaluations.evaluation_year || '年度' || evaluations.stage || '评估' || evaluations.result
        || '(' || evaluations.result_date || ')' as evidence,
    from {{ ref('int_contract__evaluations') }} as evaluations
    inner join {{ ref('int_contract__agreements') }} as agreements
        on evaluations.agreement_no = agreements.agreement_no
    left join {{ ref('contract_stage') }} as stage_rules on evaluations.stage = stage_rules.stage
    where evaluations.result in ('达标', '不达标') and evaluations.result_date <= {{ as_of_date() }}
),

groups as (
    select
        agreement_no,
        group_stage,
        evaluation_year,
        failed_stage,
        max(limit_date) as limit_date,
        max(effective_deadline) as effective_deadline,
        case when count(*) = count(completed_date) then max(completed_date) end as completed_date,
        min(effective_deadline) filter (where completed_date > effective_deadline or completed_date is null)
            as first_missed,
        coalesce(bool_or(effective_deadline = limit_date and coalesce(completed_date > limit_date, true)), false)
            as is_breached,
        count(*) || '份整改通知(首份' || min(notice_date) || ',最迟期限' || max(effective_deadline) || ')' as evidence,
    from {{ ref('int_contract__rectification') }}
    group by agreement_no, group_stage, evaluation_year, failed_stage
),

failed_years as (
    select
        agreement_no,
        rule_version,
        evaluation_year,
        min(result_date) as result_date,
        {{ value_at_least('stage', '(result_date, stage_order)') }} as stage,
        row_number() over by_year as failed_year_no,
        {{ texts_so_far('evaluation_year', '、', 'by_year') }} as failed_until,
        {{ texts_so_far('case when bool_and(is_data_alone) then evaluation_year end', '、', 'by_year') }}
            as data_alone_until,
    from conclusive
    where is_failed and counts_failed
    group by agreement_no, rule_version, evaluation_year
    window by_year as (partition by agreement_no order by evaluation_year)
),

at_lease_end as (
    select *,
    from conclusive
    where counts_failed and result_date <= lease_end_date
    qualify
        row_number() over (partition by agreement_no order by result_date desc, evaluation_year desc, stage_order desc)
        = 1
),

settings as (
    {{ contract_settings(['rectification_months', 'failed_years']) }}
)

select
    conclusive.agreement_no,
    'rectification' as consequence_code,
    conclusive.result_date as arises_date,
    coalesce(
        groups.effective_deadline, {{ months_after('conclusive.result_date', 'settings.rectification_months') }}
    ) as due_date,
    groups.completed_date as done_date,
    conclusive.stage,
    conclusive.evaluation_year,
    conclusive.evidence || coalesce(';' || groups.evidence, '') as evidence,
from conclusive
inner join settings on conclusive.rule_version = settings.rule_version
left join groups
    on
        conclusive.agreement_no = groups.agreement_no
        and conclusive.stage = groups.failed_stage
        and conclusive.evaluation_year = groups.evaluation_year
where conclusive.is_failed and conclusive.rectified
union all
select
    agreement_no,
    'credit_listing' as consequence_code,
    first_missed + 1 as arises_date,
    cast(null as date) as due_date,
    cast(null as date) as done_date,
    group_stage as stage,
    evaluation_year,
    '整改期限' || first_missed || '内未完成;' || evidence as evidence,
from groups
where first_missed is not null
union all
select
    agreement_no,
    'serious_breach' as consequence_code,
    limit_date + 1 as arises_date,
    cast(null as date) as due_date,
    cast(null as date) as done_date,
    group_stage as stage,
    evaluation_year,
    '整改累计期限' || limit_date || '届满未完成;' || evidence as evidence,
from groups
where is_breached
union all
select
    failed_years.agreement_no,
    'contract_end' as consequence_code,
    failed_years.result_date as arises_date,
    cast(null as date) as due_date,
    cast(null as date) as done_date,
    failed_years.stage,
    failed_years.evaluation_year,
    '累计不达标年度:' || failed_years.failed_until
    || coalesce(';其中仅依据数据、没有部门不达标意见的年度:' || failed_years.data_alone_until, '') as evidence,
from failed_years
inner join settings
    on failed_years.rule_version = settings.rule_version and failed_years.failed_year_no = settings.failed_years
union all
select
    at_lease_end.agreement_no,
    'lease_not_passed' as consequence_code,
    at_lease_end.lease_end_date + 1 as arises_date,
    at_lease_end.lease_end_date as due_date,
    cast(null as date) as done_date,
    at_lease_end.stage,
    at_lease_end.evaluation_year,
    '租赁期满' || at_lease_end.lease_end_date || '未签订出让合同;' || at_lease_end.evidence as evidence,
from at_lease_end
inner join {{ ref('int_contract__due') }} as applied
    on
        at_lease_end.agreement_no = applied.agreement_no
        and applied.obligation = '先租后让申请'
        and at_lease_end.lease_end_date >= applied.done_date
inner join {{ ref('int_contract__due') }} as signing
    on
        at_lease_end.agreement_no = signing.agreement_no
        and signing.obligation = '出让签订'
        and (at_lease_end.lease_end_date < signing.done_date or signing.done_date is null)
where at_lease_end.is_failed
