-- A year before a stage's evaluation is due: targets with a number that are missed by more than policy's share.
with due as (
    select distinct
        agreement_no,
        stage,
        cast(year(first_due_date) - 1 as integer) as year,
    from {{ ref('int_contract__periods') }}
    where first_due_date is not null
),

gaps as (
    select
        due.agreement_no,
        due.stage,
        due.year,
        targets.indicator_code,
        targets.comparison,
        targets.target_value,
        evidence.actual_value,
        agreements.parcel_code,
        settings.value as target_off_share,
        case targets.comparison
            when '>=' then targets.target_value - evidence.actual_value
            when '<=' then evidence.actual_value - targets.target_value
            else abs(evidence.actual_value - targets.target_value)
        end as gap,
    from due
    inner join {{ ref('int_contract__targets') }} as targets
        on due.agreement_no = targets.agreement_no and due.stage = targets.stage
    inner join {{ ref('int_contract__evidence') }} as evidence
        on
            targets.agreement_no = evidence.agreement_no
            and targets.stage = evidence.stage
            and targets.indicator_code = evidence.indicator_code
            and due.year = evidence.evaluation_year
    inner join {{ ref('int_contract__agreements') }} as agreements on due.agreement_no = agreements.agreement_no
    left join {{ ref('contract_setting') }} as settings
        on agreements.rule_version = settings.rule_version and settings.setting = 'target_off_share'
    where
        targets.comparison != '符合'
        and evidence.actual_value is not null
        and due.year <= year({{ as_of_date() }})
        and coalesce(agreements.ended_date > least(make_date(due.year, 12, 31), {{ as_of_date() }}), true)
)

select
    'target_off' as kind,
    gaps.agreement_no,
    gaps.agreement_no as unit_code,
    min(gaps.parcel_code) as parcel_code,
    gaps.year,
    least(make_date(gaps.year, 12, 31), {{ as_of_date() }}) as raised_date,
    max(gaps.gap / nullif(abs(gaps.target_value), 0)) as value,
    max(gaps.target_off_share) as limit_value,
    {{ texts_in_order("gaps.stage || ' ' || coalesce(indicators.name_zh, gaps.indicator_code) || ':目标 '
        || gaps.comparison || ' ' || printf('%.6g', gaps.target_value)
        || ',实际 ' || printf('%.6g', gaps.actual_value)",
        '; ', 'stage_list.stage_order nulls last, gaps.indicator_code, gaps.comparison') }} as detail,
from gaps
left join {{ ref('indicator') }} as indicators on gaps.indicator_code = indicators.indicator_code
left join {{ ref('contract_stage') }} as stage_list on gaps.stage = stage_list.stage
where gaps.gap > gaps.target_off_share * abs(gaps.target_value)
group by gaps.agreement_no, gaps.year
