-- The actual value of every indicator with a number, in each year in which its stage may have been evaluated and in
-- the year before it is first due: from the marts, else as the enterprise reported it.
{{ config(materialized='view') }}
select
    agreement_no,
    stage,
    indicator_code,
    evaluation_year,
    actual_value,
    evidence_source,
    evidence_reason,
    self_report_needed,
from {{ ref('int_contract__certain_evidence') }}
union all
select
    agreement_no,
    stage,
    indicator_code,
    evaluation_year,
    actual_value,
    evidence_source,
    evidence_reason,
    self_report_needed,
from {{ ref('int_contract__again_evidence') }}
