-- The actual values of the years that are evaluated whatever comes of them, and of the year before a first due date.
with years as (
    select
        agreement_no,
        stage,
        evaluation_year,
    from {{ ref('int_contract__certain_years') }}
    union
    select
        agreement_no,
        stage,
        year(first_due_date) - 1 as evaluation_year,
    from {{ ref('int_contract__periods') }}
    where year(first_due_date) - 1 <= {{ last_whole_year() }}
),

{{ contract_evidence('years') }}
