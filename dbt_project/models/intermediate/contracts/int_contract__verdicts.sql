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

repeated as (
    select
        agreement_no,
        stage,
        evaluation_year,
        indicator_code,
    from counting
    group by agreement_no, stage, evaluation_year, indicator_code
    having count(*) > 1
),

-- few keys stand in several files: only those are put in order
in_order as (
    select
        counting.*,
        row_number() over (
            partition by counting.agreement_no, counting.stage, counting.evaluation_year, counting.indicator_code
            order by counting.data_year desc, counting.load_id desc, counting.row_no desc
        ) as place,
    from counting
    semi join repeated
        on
            counting.agreement_no = repeated.agreement_no
            and counting.stage = repeated.stage
            and counting.evaluation_year = repeated.evaluation_year
            and counting.indicator_code = repeated.indicator_code
),

latest as (
    select counting.*,
    from counting
    anti join repeated
        on
            counting.agreement_no = repeated.agreement_no
            and counting.stage = repeated.stage
            and counting.evaluation_year = repeated.evaluation_year
            and counting.indicator_code = repeated.indicator_code
    union all
    select * exclude (place),
    from in_order
    where place = 1
),

-- of those up to the evaluation year the latest
earlier as (
    select
        agreement_no,
        stage,
        evaluation_year,
        indicator_code,
        arg_min_null(verdict, place) as verdict,
        arg_min_null(opinion, place) as opinion,
    from in_order
    where data_year <= evaluation_year
    group by agreement_no, stage, evaluation_year, indicator_code
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
