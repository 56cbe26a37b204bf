-- Where an earlier published run of the year and the one that stands differ (docs/objections.md, O8 to O12).
{% set causes = 'objection correction several data policy code profile others' -%}
with former as (
    select *, from {{ ref('stg_carried__former_run') }}
),

-- corrections in force now that were not in force, or were others, in the former run
since as (
    select corrections.*,
    from {{ ref('fct_correction') }} as corrections
    left join {{ ref('stg_carried__former_correction') }} as earlier
        on
            corrections.correction_no = earlier.correction_no
            and corrections.dataset = earlier.dataset
            and corrections.corrected_year = earlier.corrected_year
            and corrections.key_json = earlier.key_json
            and corrections.column_name = earlier.column_name
            and corrections.new_value = earlier.new_value
    where corrections.state = 'applied' and earlier.correction_no is null
),

reached as (
    select
        units.scale,
        units.unit_code,
        {{ texts_in_order('since.correction_no', '、', 'since.correction_no') }} as correction_nos,
        {{ texts_in_order('since.objection_nos', '、', 'since.correction_no') }} as objection_nos,
    from since
    inner join {{ ref('fct_correction_unit') }} as units on since.correction_no = units.correction_no
    group by units.scale, units.unit_code
),

step as (
    select
        steps.*,
        case
            when steps.own_changed and reached.objection_nos is not null then 'objection'
            when steps.own_changed and reached.correction_nos is not null then 'correction'
            when
                cast(former.inputs_differ as integer) + cast(former.policy_differs as integer)
                + cast(former.code_differs as integer) > 1
                then 'several'
            when former.inputs_differ and steps.own_changed then 'data'
            when former.inputs_differ then 'others'
            when former.policy_differs then 'policy'
            when former.code_differs then 'code'
            else 'profile'
        end as cause,
        case when steps.own_changed then reached.objection_nos end as objection_nos,
        case when steps.own_changed then reached.correction_nos end as correction_nos,
    from {{ ref('stg_carried__publication_step') }} as steps
    cross join former
    left join reached on steps.scale = reached.scale and steps.unit_code = reached.unit_code
),

-- what the run that stood before said of the runs before it
told as (
    select
        * exclude (from_run_id),
        from_run_id,
    from {{ ref('stg_carried__publication_change') }}
),

earlier_runs as (
    select earlier.from_run_id,
    from {{ ref('stg_carried__earlier_run') }} as earlier
    anti join former on earlier.from_run_id = former.run_id
    where earlier.from_run_id <> {{ run_id() }}
),

earlier_and_former as (
    select from_run_id, from earlier_runs
    union all
    select run_id as from_run_id, from former
),

said as (
    select * exclude (own_changed),
    from step
),

sides as (
    select
        told.*,
        true as is_told,
    from told
    semi join earlier_runs on told.from_run_id = earlier_runs.from_run_id
    union all
    select
        said.*,
        earlier_and_former.from_run_id,
        false as is_told,
    from said
    cross join earlier_and_former
),

joined as (
    select
        scale,
        unit_code,
        scheme_code,
        scheme_version,
        from_run_id,
        {{ value_at_least(
            record({'score': 'score_before', 'grade': 'grade_before', 'stood': 'stood_before'}),
            'cast(is_told as integer) * -1'
        ) }} as earlier,
        {{ value_at_least(
            record({'score': 'score_after', 'grade': 'grade_after', 'stands': 'stands_after'}),
            'cast(is_told as integer)'
        ) }} as later,
        {{ value_at_least(
            record({'cause': 'cause', 'objection_nos': 'objection_nos', 'correction_nos': 'correction_nos'}),
            "list_position(string_split('" ~ causes ~ "', ' '), cause) * 2 + cast(is_told as integer)"
        ) }} as because,
    from sides
    group by scale, unit_code, scheme_code, scheme_version, from_run_id
)

select
    joined.scale,
    joined.unit_code,
    {{ eval_year() }} as year,
    joined.scheme_code,
    joined.scheme_version,
    joined.from_run_id,
    joined.earlier.score as score_before,
    joined.later.score as score_after,
    joined.earlier.grade as grade_before,
    joined.later.grade as grade_after,
    joined.earlier.stood as stood_before,
    joined.later.stands as stands_after,
    joined.because.cause,
    joined.because.objection_nos,
    joined.because.correction_nos,
    {{ run_id() }} as run_id,
from joined
where
    joined.earlier.score is distinct from joined.later.score
    or joined.earlier.grade is distinct from joined.later.grade
    or joined.earlier.stood <> joined.later.stands
