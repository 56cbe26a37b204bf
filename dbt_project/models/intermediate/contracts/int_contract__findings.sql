-- One row a finding: a target in a year in which its stage was evaluated. A view: the mart writes the rows once.
{{ config(materialized='view') }}
select
    outcomes.agreement_no,
    outcomes.stage,
    outcomes.evaluation_year,
    outcomes.period_no,
    outcomes.indicator_code,
    outcomes.comparison,
    outcomes.target_value,
    outcomes.target_text,
    outcomes.raised_by,
    outcomes.department,
    outcomes.actual_value,
    outcomes.evidence_source,
    outcomes.evidence_reason,
    outcomes.self_report_needed,
    outcomes.evidence_meets,
    outcomes.verdict,
    outcomes.opinion,
    outcomes.verdict_date,
    outcomes.verdict_department,
    outcomes.basis,
    outcomes.disagrees,
    outcomes.outcome,
from {{ ref('int_contract__outcomes') }} as outcomes
semi join {{ ref('int_contract__evaluations') }} as evaluations
    on
        outcomes.agreement_no = evaluations.agreement_no
        and outcomes.stage = evaluations.stage
        and outcomes.evaluation_year = evaluations.evaluation_year
