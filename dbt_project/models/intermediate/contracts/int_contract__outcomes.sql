-- Every target in every year in which its stage may have been evaluated, and what evidence and verdict say of it.
with compared as (
    select
        candidates.agreement_no,
        candidates.stage,
        candidates.evaluation_year,
        candidates.period_no,
        targets.indicator_code,
        targets.comparison,
        targets.target_value,
        targets.target_text,
        targets.raised_by,
        targets.department,
        evidence.actual_value,
        evidence.evidence_source,
        evidence.evidence_reason,
        coalesce(evidence.self_report_needed, false) as self_report_needed,
        case targets.comparison
            when '>=' then evidence.actual_value >= targets.target_value - 1e-9 * abs(targets.target_value)
            when '<=' then evidence.actual_value <= targets.target_value + 1e-9 * abs(targets.target_value)
            when '=' then abs(evidence.actual_value - targets.target_value) <= 1e-9 * abs(targets.target_value)
        end as evidence_meets,
        verdicts.verdict,
        verdicts.opinion,
        verdicts.verdict_date,
        verdicts.department as verdict_department,
        verdicts.first_verdict,
        verdicts.first_opinion,
    from {{ ref('int_contract__candidates') }} as candidates
    inner join {{ ref('int_contract__targets') }} as targets
        on candidates.agreement_no = targets.agreement_no and candidates.stage = targets.stage
    left join {{ ref('int_contract__evidence') }} as evidence
        on
            candidates.agreement_no = evidence.agreement_no
            and candidates.stage = evidence.stage
            and candidates.evaluation_year = evidence.evaluation_year
            -- a condition on one side alone would make the join compare every row with every other
            and case when targets.comparison <> '符合' then targets.indicator_code end = evidence.indicator_code
    left join {{ ref('int_contract__verdicts') }} as verdicts
        on
            candidates.agreement_no = verdicts.agreement_no
            and candidates.stage = verdicts.stage
            and candidates.evaluation_year = verdicts.evaluation_year
            and targets.indicator_code = verdicts.indicator_code
),

decided as (
    select
        *,
        {{ finding_basis('verdict', 'opinion') }} as basis,
        {{ finding_basis('first_verdict', 'first_opinion') }} as first_basis,
        coalesce(evidence_meets <> (verdict = '达标') or verdict = '不适用' and evidence_meets is not null, false)
            as disagrees,
    from compared
)

select
    * exclude (first_verdict, first_opinion, first_basis),
    {{ finding_outcome('basis', 'verdict') }} as outcome,
    {{ finding_outcome('first_basis', 'first_verdict') }} as first_outcome,
from decided
