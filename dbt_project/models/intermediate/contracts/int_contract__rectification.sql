-- Every order to rectify: the failed evaluation it belongs to, until when it runs, and when it was completed.
{% set newest = '(failed.result_date, failed.evaluation_year, failed.stage_order)' -%}
with notices as (
    select
        *,
        row_number() over (
            partition by agreement_no order by event_date, stage nulls first, indicator_code nulls first
        ) as notice_no,
    from {{ ref('int_contract__events') }}
    where event = '整改通知'
),

failed as (
    select
        evaluations.agreement_no,
        evaluations.stage,
        evaluations.evaluation_year,
        evaluations.result_date,
        stage_rules.stage_order,
    from {{ ref('int_contract__evaluations') }} as evaluations
    left join {{ ref('contract_stage') }} as stage_rules on evaluations.stage = stage_rules.stage
    where evaluations.result = '不达标'
),

belonging as (
    select
        notices.agreement_no,
        notices.notice_no,
        {{ value_at_most('failed.stage', newest) }} as failed_stage,
        {{ value_at_most('failed.evaluation_year', newest) }} as evaluation_year,
    from notices
    inner join failed
        on
            notices.agreement_no = failed.agreement_no
            and (notices.stage = failed.stage or notices.stage is null)
            and notices.event_date >= failed.result_date
    group by notices.agreement_no, notices.notice_no
),

grouped as (
    select
        notices.*,
        agreements.rule_version,
        belonging.failed_stage,
        belonging.evaluation_year,
        coalesce(belonging.failed_stage, notices.stage) as group_stage,
    from notices
    inner join {{ ref('int_contract__agreements') }} as agreements on notices.agreement_no = agreements.agreement_no
    left join belonging
        on notices.agreement_no = belonging.agreement_no and notices.notice_no = belonging.notice_no
),

laid_over as (
    select
        *,
        min(event_date) over (partition by agreement_no, group_stage, evaluation_year) as first_date,
        max(greatest(event_date, coalesce(deadline, date '9999-12-31'))) over (
            partition by agreement_no, group_stage, evaluation_year
            order by event_date, notice_no rows between unbounded preceding and 1 preceding
        ) as covered_until,
    from grouped
),

gaps as (
    select
        *,
        cast(sum(greatest({{ days_between('covered_until', 'event_date') }}, 0)) over (
            partition by agreement_no, group_stage, evaluation_year
            order by event_date, notice_no rows between unbounded preceding and current row
        ) as integer) as gap_days,
    from laid_over
),

settings as (
    {{ contract_settings(['rectification_months']) }}
),

running as (
    select
        gaps.*,
        {{ months_after('gaps.first_date', 'settings.rectification_months') }} as without_gaps,
    from gaps
    inner join settings on gaps.rule_version = settings.rule_version
),

limits as (
    select
        *,
        without_gaps + coalesce(max(gap_days) filter (
            where event_date - gap_days < without_gaps
        ) over (partition by agreement_no, group_stage, evaluation_year), 0) as limit_date,
    from running
),

completed as (
    select
        notices.agreement_no,
        notices.notice_no,
        min(completions.event_date) as completed_date,
    from notices
    inner join {{ ref('int_contract__events') }} as completions
        on
            notices.agreement_no = completions.agreement_no
            and notices.event_date <= completions.event_date
            and (notices.stage = completions.stage or completions.stage is null or notices.stage is null)
            and (
                notices.indicator_code = completions.indicator_code
                or completions.indicator_code is null
                or notices.indicator_code is null
            )
    where completions.event = '整改完成'
    group by notices.agreement_no, notices.notice_no
)

select
    limits.agreement_no,
    limits.notice_no,
    limits.event_date as notice_date,
    limits.stage,
    limits.indicator_code,
    limits.department,
    limits.document_no,
    limits.deadline,
    limits.failed_stage,
    limits.evaluation_year,
    limits.group_stage,
    limits.limit_date,
    greatest(limits.event_date, least(coalesce(limits.deadline, limits.limit_date), limits.limit_date))
        as effective_deadline,
    completed.completed_date,
from limits
left join completed
    on limits.agreement_no = completed.agreement_no and limits.notice_no = completed.notice_no
