-- Facts that contradict each other, or rules that cannot apply: both sides, and what follows.
with contradicting as (
    select
        agreement_no,
        stage,
        evaluation_year,
        indicator_code,
        max(data_year) filter (where verdict = '达标') as passed_year,
        max(data_year) filter (where verdict = '不达标') as failed_year,
    from {{ ref('int_contract__verdicts_judged') }}
    where conflict_code is null and verdict in ('达标', '不达标')
    group by agreement_no, stage, evaluation_year, indicator_code
    having count(distinct verdict) > 1
),

named as (
    select distinct
        agreement_no,
        {{ rows_of(list_of(['department', 'raised_by'])) }} as department,
        'agreement_targets' as side,
    from {{ ref('int_contract__targets') }}
    union all
    select distinct
        agreement_no,
        department,
        'verdicts' as side,
    from {{ ref('int_contract__verdicts_judged') }}
    union all
    select distinct
        agreement_no,
        department,
        'agreement_events' as side,
    from {{ ref('int_contract__events_judged') }}
),

conflicts as (
    select
        conflict_code,
        agreement_no,
        stage,
        cast(null as integer) as evaluation_year,
        concat_ws(' ', event, event_date, coalesce(stage, '-'), coalesce(indicator_code, '-')) as subject,
        concat(event, ' ', event_date) as one_side,
        case conflict_code
            when 'event_before_signing' then concat('signed_date ', signed_date)
            else concat('earlier step ', earlier_date)
        end as other_side,
        'event_does_not_count' as effect,
    from {{ ref('int_contract__events_judged') }}
    where conflict_code is not null
    union all
    select
        conflict_code,
        agreement_no,
        stage,
        evaluation_year,
        concat_ws(' ', stage, evaluation_year, indicator_code, data_year) as subject,
        concat(department, ' ', verdict, ' ', verdict_date) as one_side,
        case conflict_code
            when 'verdict_by_other_department' then departments
            when 'evaluation_before_signing' then concat('signed_date ', signed_date)
            when 'evaluation_after_end' then concat('ended_date ', ended_date)
            else 'no target'
        end as other_side,
        'verdict_does_not_count' as effect,
    from {{ ref('int_contract__verdicts_judged') }}
    where conflict_code is not null
    union all
    select
        'verdicts_contradict' as conflict_code,
        agreement_no,
        stage,
        evaluation_year,
        concat_ws(' ', stage, evaluation_year, indicator_code) as subject,
        concat('data year ', passed_year, ' 达标') as one_side,
        concat('data year ', failed_year, ' 不达标') as other_side,
        'latest_counts' as effect,
    from contradicting
    union all
    select
        conflict_code,
        agreement_no,
        stage,
        evaluation_year,
        subject,
        one_side,
        other_side,
        effect,
    from {{ ref('int_contract__date_conflicts') }}
    union all
    select
        'stage_without_target' as conflict_code,
        agreement_no,
        stage,
        evaluation_year,
        concat_ws(' ', stage, evaluation_year) as subject,
        concat(stage, ' ', evaluation_year) as one_side,
        'no target' as other_side,
        'result_open' as effect,
    from {{ ref('int_contract__evaluations') }}
    where result_reason = 'no_target'
    union all
    select
        'parcel_merged' as conflict_code,
        mergers.agreement_no,
        cast(null as varchar) as stage,
        cast(null as integer) as evaluation_year,
        agreements.parcel_code as subject,
        concat('parcel_code ', agreements.parcel_code) as one_side,
        concat('merged ', mergers.merged_date) as other_side,
        'no_evidence' as effect,
    from {{ ref('int_contract__mergers') }} as mergers
    inner join {{ ref('stg_accepted__agreements') }} as agreements on mergers.agreement_no = agreements.agreement_no
    union all
    select
        'verdict_against_evidence' as conflict_code,
        agreement_no,
        stage,
        evaluation_year,
        concat_ws(' ', stage, evaluation_year, indicator_code, comparison) as subject,
        concat(verdict_department, ' ', verdict) as one_side,
        concat(
            evidence_source, ' ', {{ text_of('actual_value') }}, ' ', comparison, ' ', {{ text_of('target_value') }}
        ) as other_side,
        basis as effect,
    from {{ ref('int_contract__findings') }}
    where disagrees
    union all
    select
        'unknown_department' as conflict_code,
        named.agreement_no,
        cast(null as varchar) as stage,
        cast(null as integer) as evaluation_year,
        concat_ws(' ', named.side, named.department) as subject,
        concat(named.side, ' ', named.department) as one_side,
        'contract_department' as other_side,
        'shown_only' as effect,
    from named
    anti join {{ ref('contract_department') }} as known on named.department = known.department
    where named.department is not null
)

select *,
from conflicts
