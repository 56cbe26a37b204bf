-- The verdicts that count: the latest of each key, and the latest of those that stood in files up to its own year.
with counting as (
    select
        agreement_no,
        stage,
        evaluation_year,
        indicator_code,
        department,
        verdict,
        opinion,
        verdict_date,
        data_year,
        load_id,
        row_no,
    from {{ ref('int_contract__verdicts_judged') }}
    where conflict_code is null
),

latest as (
    select
        agreement_no,
        stage,
        evaluation_year,
        indicator_code,
        department,
        verdict,
        opinion,
        verdict_date,
        data_year,
    from counting
    qualify
        row_number() over (
            partition by agreement_no, stage, evaluation_year, indicator_code
            order by data_year desc, load_id desc, row_no desc
        ) = 1
),

-- only where the latest came later than its year
earlier as (
    select
        counting.agreement_no,
        counting.stage,
        counting.evaluation_year,
        counting.indicator_code,
        counting.verdict,
        counting.opinion,
    from counting
    semi join latest
        on
            counting.agreement_no = latest.agreement_no
            and counting.stage = latest.stage
            and counting.evaluation_year = latest.evaluation_year
            and counting.indicator_code = latest.indicator_code
            and latest.data_year > latest.evaluation_year
    where counting.data_year <= counting.evaluation_year
    qualify
        row_number() over (
            partition by counting.agreement_no, counting.stage, counting.evaluation_year, counting.indicator_code
            order by counting.data_year desc, counting.load_id desc, counting.row_no desc
        ) = 1
)

select
    latest.agreement_no,
    latest.stage,
    latest.evaluation_year,
    latest.indicator_code,
    latest.department,
    latest.verdict,
    latest.opinion,
    latest.verdict_date,
    case when latest.data_year <= latest.evaluation_year then latest.verdict else earlier.verdict end as first_verdict,
    case when latest.data_year <= latest.evaluation_year then latest.opinion else earlier.opinion end as first_opinion,
from latest
left join earlier
    on
        latest.agreement_no = earlier.agreement_no
        and latest.stage = earlier.stage
        and latest.evaluation_year = earlier.evaluation_year
        and latest.indicator_code = earlier.indicator_code
