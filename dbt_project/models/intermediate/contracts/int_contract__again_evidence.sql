-- The actual values of the further years in which a stage may be evaluated again.
with again as (
    select
        candidates.agreement_no,
        candidates.stage,
        candidates.evaluation_year,
    from {{ ref('int_contract__candidates') }} as candidates
    anti join {{ ref('int_contract__certain_evidence') }} as known
        on
            candidates.agreement_no = known.agreement_no
            and candidates.stage = known.stage
            and candidates.evaluation_year = known.evaluation_year
    where not candidates.is_certain
),

{{ contract_evidence('again') }}
