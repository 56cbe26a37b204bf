-- One row an evaluation of a stage: its result, as known now and as the verdicts of its own year gave it.
with counted as (
    select
        candidates.agreement_no,
        candidates.stage,
        candidates.evaluation_year,
        any_value(candidates.period_no) as period_no,
        any_value(candidates.is_certain) as is_certain,
        count(outcomes.outcome) as findings,
        count(*) filter (where outcomes.outcome = '达标') as met,
        count(*) filter (where outcomes.outcome = '不达标') as missed,
        count(*) filter (where outcomes.outcome = '待评') as pending,
        count(*) filter (where outcomes.outcome = '不达标' and outcomes.basis in ('verdict', 'both')) as missed_by_verdict,
        count(*) filter (where outcomes.first_outcome = '达标') as first_met,
        count(*) filter (where outcomes.first_outcome = '不达标') as first_missed,
        count(*) filter (where outcomes.first_outcome = '待评') as first_pending,
        coalesce(bool_or(outcomes.evidence_source = 'marts'), false) as has_evidence,
        max(outcomes.verdict_date) filter (where outcomes.basis in ('verdict', 'both')) as verdict_date,
    from {{ ref('int_contract__candidates') }} as candidates
    left join {{ ref('int_contract__outcomes') }} as outcomes
        on
            candidates.agreement_no = outcomes.agreement_no
            and candidates.stage = outcomes.stage
            and candidates.evaluation_year = outcomes.evaluation_year
    group by candidates.agreement_no, candidates.stage, candidates.evaluation_year
),

judged as (
    select
        *,
        {{ stage_result('missed', 'pending', 'met') }} as result,
        {{ stage_result('first_missed', 'first_pending', 'first_met') }} as first_result,
    from counted
),

-- while a stage is not passed it is evaluated again
held as (
    select
        *,
        coalesce(bool_or(result = '达标') over (
            partition by agreement_no, stage, period_no
            order by evaluation_year
            rows between unbounded preceding and 1 preceding
        ), false) as passed_before,
    from judged
)

select
    held.agreement_no,
    held.stage,
    held.period_no,
    held.evaluation_year,
    held.result,
    case
        when held.result = '待评' then null
        when held.verdict_date is not null then held.verdict_date
        else make_date(least(held.evaluation_year, 9999), 12, 31)
    end as result_date,
    case
        when held.result <> '待评' then null
        when held.findings = 0 then 'no_target'
        when held.pending > 0 then 'finding_pending'
        else 'no_applicable_target'
    end as result_reason,
    held.first_result,
    held.result = '不达标' and stage_rules.counts_failed as counts_failed,
    held.findings,
    held.met,
    held.missed,
    held.missed_by_verdict,
    held.pending,
    stage_rules.stage_order,
from held
inner join {{ ref('contract_stage') }} as stage_rules on held.stage = stage_rules.stage
where held.is_certain or (held.has_evidence and not held.passed_before)
