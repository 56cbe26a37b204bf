-- The actual value of every indicator with a number, in each year in which its stage may have been evaluated and in
-- the year before it is first due: from the marts, else as the enterprise reported it.
with years as (
    select
        agreement_no,
        stage,
        evaluation_year,
    from {{ ref('int_contract__candidates') }}
    union
    select
        agreement_no,
        stage,
        year(first_due_date) - 1 as evaluation_year,
    from {{ ref('int_contract__periods') }}
    where year(first_due_date) - 1 <= {{ last_whole_year() }}
),

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
    from years
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
        evaluation_year - unnest(range(years)) as year,
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
            and spans.year = figures.year
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
