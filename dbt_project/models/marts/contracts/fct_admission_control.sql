-- The admission control table: each control against the industry guide and against the agreement's own target.
{% set near = 'abs({0} - {1}) <= 1e-9 * greatest(abs({0}), abs({1}))' -%}
with controls as (
    select
        controls.*,
        case
            when controls.comparison in ('>=', '<=') then controls.comparison
            when indicators.direction = 'positive' then '>='
            when indicators.direction = 'negative' then '<='
            else controls.comparison
        end as guide_comparison,
    from {{ ref('stg_accepted__admission_controls') }} as controls
    left join {{ ref('indicator') }} as indicators on controls.indicator_code = indicators.indicator_code
),

-- of several targets of one indicator the one that limits in the same direction
targets as (
    select
        controls.project_no,
        controls.indicator_code,
        {{ value_at_least(
            record({'comparison': 'targets.comparison', 'target_value': 'targets.target_value'}),
            '(targets.comparison <> controls.comparison, targets.comparison)'
        ) }} as nearest,
    from controls
    inner join {{ ref('int_contract__targets') }} as targets
        on
            controls.agreement_no = targets.agreement_no
            and controls.indicator_code = targets.indicator_code
            and targets.stage = '准入'
    group by controls.project_no, controls.indicator_code
),

compared as (
    select
        controls.*,
        agreements.agreement_no as known_agreement_no,
        agreements.parcel_code,
        agreements.uscc,
        targets.nearest.comparison as target_comparison,
        targets.nearest.target_value as agreed_value,
        case
            when controls.comparison = '符合' then 'no_number'
            when controls.control_value is null then 'no_control_value'
            when controls.guide_value is null then 'no_guide_value'
        end as guide_reason,
        case
            when controls.agreement_no is null then 'no_agreement'
            when agreements.agreement_no is null then 'agreement_unknown'
            when targets.nearest is null then 'no_target'
            when controls.comparison = '符合' or targets.nearest.comparison = '符合' then 'no_number'
            when controls.control_value is null then 'no_control_value'
            when targets.nearest.target_value is null then 'no_target_value'
            when targets.nearest.comparison not in (controls.comparison, '=') then 'other_comparison'
        end as target_reason,
    from controls
    left join {{ ref('int_contract__agreements') }} as agreements on controls.agreement_no = agreements.agreement_no
    left join targets
        on controls.project_no = targets.project_no and controls.indicator_code = targets.indicator_code
)

select
    project_no,
    indicator_code,
    district_code,
    zone_code,
    industry_code,
    agreement_no,
    parcel_code,
    uscc,
    department,
    comparison,
    control_value,
    guide_comparison,
    guide_value,
    case
        when guide_reason is not null then null
        when {{ near.format('control_value', 'guide_value') }} then true
        when guide_comparison = '>=' then control_value > guide_value
        when guide_comparison = '<=' then control_value < guide_value
        else false
    end as at_least_guide,
    guide_reason,
    restricted,
    coalesce(restricted, false) as needs_city_review,
    decision,
    decision_date,
    target_comparison,
    agreed_value as target_value,
    case
        when target_reason is not null then null
        when {{ near.format('agreed_value', 'control_value') }} then true
        when comparison = '>=' then agreed_value > control_value
        when comparison = '<=' then agreed_value < control_value
        else false
    end as target_at_least_control,
    target_reason,
    {{ run_id() }} as run_id,
from compared
