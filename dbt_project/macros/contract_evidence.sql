{#- Evidence and outcomes are found twice: for the years that are evaluated whatever comes of them, then for the few that
are evaluated again because no year before was passed. -#}

{#- The actual value of every indicator with a number in each (agreement, stage, year) of `years`, a CTE or a table: from
the marts, else as the enterprise reported it. To be preceded by `with` or a comma. -#}
{% macro contract_evidence(years) -%}
asked as (
    select distinct
        agreement_no,
        stage,
        indicator_code,
    from {{ ref('int_contract__targets') }}
    where comparison <> '符合'
),

wanted as (
    select
        years.agreement_no,
        years.stage,
        asked.indicator_code,
        cast(years.evaluation_year as integer) as evaluation_year,
        coalesce(rules.years, 1) as years,
    from {{ years }} as years
    inner join asked on years.agreement_no = asked.agreement_no and years.stage = asked.stage
    left join {{ ref('contract_evidence') }} as rules
        on asked.stage = rules.stage and asked.indicator_code = rules.indicator_code
),

-- a row for each year of a mean, so that years are found by equality
spans as (
    select
        agreement_no,
        stage,
        indicator_code,
        evaluation_year,
        years,
        {{ rows_of(numbers(0, 'years')) }} as years_before,
    from wanted
    where years > 1
),

means as (
    select
        spans.agreement_no,
        spans.stage,
        spans.indicator_code,
        spans.evaluation_year,
        {{ exact_sum('figures.numerator') }} / spans.years as numerator,
    from spans
    inner join {{ ref('int_contract__values') }} as figures
        on
            spans.agreement_no = figures.agreement_no
            and spans.indicator_code = figures.indicator_code
            and spans.evaluation_year - spans.years_before = figures.year
    group by spans.agreement_no, spans.stage, spans.indicator_code, spans.evaluation_year, spans.years
    having count(figures.numerator) = spans.years
),

merged as (
    select distinct
        agreement_no,
        year,
    from {{ ref('int_contract__land') }}
    where is_merged
),

found as (
    select
        wanted.agreement_no,
        wanted.stage,
        wanted.indicator_code,
        wanted.evaluation_year,
        case
            when wanted.years = 1 then figures.value
            when figures.value is not null then means.numerator / figures.denominator
        end as marts_value,
        case
            when merged.agreement_no is not null then 'parcel_merged'
            when catalogue.indicator_code is null then 'not_in_catalogue'
            when years.year is null then 'year_not_evaluated'
            when figures.agreement_no is null then 'parcel_not_evaluated'
            when figures.value is null then figures.null_reason
            when wanted.years > 1 and means.numerator is null then 'too_few_years'
        end as marts_reason,
    from wanted
    left join {{ ref('int_contract__values') }} as figures
        on
            wanted.agreement_no = figures.agreement_no
            and wanted.indicator_code = figures.indicator_code
            and wanted.evaluation_year = figures.year
    left join means
        on
            wanted.agreement_no = means.agreement_no
            and wanted.stage = means.stage
            and wanted.indicator_code = means.indicator_code
            and wanted.evaluation_year = means.evaluation_year
    left join merged on wanted.agreement_no = merged.agreement_no and wanted.evaluation_year = merged.year
    left join {{ ref('stg_carried__years') }} as years on wanted.evaluation_year = years.year
    left join {{ ref('indicator') }} as catalogue on wanted.indicator_code = catalogue.indicator_code
)

select
    found.agreement_no,
    found.stage,
    found.indicator_code,
    found.evaluation_year,
    coalesce(found.marts_value, reports.value) as actual_value,
    case
        when found.marts_value is not null then 'marts'
        when reports.value is not null then 'self_report'
    end as evidence_source,
    case when coalesce(found.marts_value, reports.value) is null then found.marts_reason end as evidence_reason,
    found.marts_value is null and reports.agreement_no is null as self_report_needed,
from found
left join {{ ref('stg_accepted__self_reports') }} as reports
    on
        found.agreement_no = reports.agreement_no
        and found.stage = reports.stage
        and found.indicator_code = reports.indicator_code
        and found.evaluation_year = reports.evaluation_year
{%- endmacro %}

{#- Every target in every year of `candidates`, and what `evidence` and verdict say of it. -#}
{% macro contract_outcomes(candidates, evidence) -%}
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
    from {{ candidates }} as candidates
    inner join {{ ref('int_contract__targets') }} as targets
        on candidates.agreement_no = targets.agreement_no and candidates.stage = targets.stage
    left join {{ evidence }} as evidence
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
{%- endmacro %}
