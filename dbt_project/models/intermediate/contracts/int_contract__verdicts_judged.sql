-- Every verdict dated up to the as-of date, as each data year gave it, and the conflict that keeps it from counting.
with watched as (
    select
        agreement_no,
        stage,
        indicator_code,
        {{ list_of_group('department') }} as departments,
        {{ list_of_group('raised_by') }} as raised_by,
    from {{ ref('int_contract__targets') }}
    group by agreement_no, stage, indicator_code
)

select
    verdicts.agreement_no,
    verdicts.stage,
    verdicts.evaluation_year,
    verdicts.indicator_code,
    verdicts.department,
    verdicts.verdict,
    nullif(trim(verdicts.opinion), '') as opinion,
    verdicts.verdict_date,
    verdicts.data_year,
    verdicts.load_id,
    verdicts.row_no,
    agreements.signed_date,
    agreements.ended_date,
    case
        when verdicts.evaluation_year < year(agreements.signed_date) then 'evaluation_before_signing'
        when verdicts.evaluation_year > year(agreements.ended_date) then 'evaluation_after_end'
        when watched.agreement_no is null then 'verdict_without_target'
        when
            not list_contains(watched.departments, verdicts.department)
            and not list_contains(watched.raised_by, verdicts.department)
            then 'verdict_by_other_department'
    end as conflict_code,
    case
        when conflict_code = 'verdict_by_other_department'
            then array_to_string(list_sort(list_distinct(watched.departments)), '、')
    end as departments,
from {{ ref('stg_accepted__verdicts_each') }} as verdicts
inner join {{ ref('int_contract__agreements') }} as agreements on verdicts.agreement_no = agreements.agreement_no
left join watched
    on
        verdicts.agreement_no = watched.agreement_no
        and verdicts.stage = watched.stage
        and verdicts.indicator_code = watched.indicator_code
where verdicts.verdict_date <= {{ as_of_date() }}
