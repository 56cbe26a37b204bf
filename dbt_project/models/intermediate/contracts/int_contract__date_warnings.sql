-- Warnings of agreed dates that passed and of land that is about to lie idle.
with milestones as (
    {% set steps = [
        ('late_start', '开工', 'start_due', 'started_date'),
        ('late_completion', '竣工', 'completion_due', 'completed_date'),
        ('late_production', '投产', 'production_due', 'produced_date'),
        ('late_capacity', '达产', 'capacity_due', 'reached_date'),
    ] -%}
    {% for kind, step, due, reached in steps %}
    select
        '{{ kind }}' as kind,
        '{{ step }}' as step,
        agreements.agreement_no,
        agreements.parcel_code,
        agreements.ended_date,
        agreements.{{ due }} as agreed_date,
        milestones.{{ reached }} as happened_date,
    from {{ ref('int_contract__agreements') }} as agreements
    left join {{ ref('int_contract__milestones') }} as milestones
        on agreements.agreement_no = milestones.agreement_no
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

settings as (
    {{ contract_settings(['idle_warning_days']) }}
),

clocks as (
    select
        idle.*,
        agreements.parcel_code,
        agreements.ended_date,
        cast(greatest(idle.limit_date - cast(settings.idle_warning_days as integer), idle.clock_start) as date)
            as risk_date,
        case idle.ground when 'not_started' then '约定开工 ' else '停工 ' end || cast(idle.clock_start as varchar)
        || ',满期日 ' || cast(idle.limit_date as varchar)
        || case
            when idle.government_days > 0 then ',已扣除政府原因 ' || idle.government_days || ' 天' else ''
        end as detail,
    from {{ ref('int_contract__idle') }} as idle
    inner join {{ ref('int_contract__agreements') }} as agreements on idle.agreement_no = agreements.agreement_no
    inner join settings on agreements.rule_version = settings.rule_version
    where idle.consequence_code = 'idle_fee'
)

select
    kind,
    agreement_no,
    agreement_no as unit_code,
    parcel_code,
    cast(agreed_date + 1 as date) as raised_date,
    cast({{ days_between('agreed_date', 'coalesce(happened_date, ' ~ as_of_date() ~ ')') }} as double) as value,
    cast(0 as double) as limit_value,
    '约定' || step || ' ' || cast(agreed_date as varchar) || case
        when happened_date is null then ',截至 ' || cast({{ as_of_date() }} as varchar) || ' 尚未' || step
        else ',实际 ' || cast(happened_date as varchar)
    end as detail,
    happened_date as ended_date,
from milestones
where
    agreed_date < {{ as_of_date() }}
    and coalesce(happened_date > agreed_date, true)
    and coalesce(ended_date > agreed_date + 1, true)

union all

select
    'idle_risk' as kind,
    agreement_no,
    agreement_no as unit_code,
    parcel_code,
    risk_date as raised_date,
    cast({{ days_between('risk_date', 'limit_date') }} as double) as value,
    cast(null as double) as limit_value,
    detail,
    resumed_date as ended_date,
from clocks
where
    risk_date <= {{ as_of_date() }}
    and coalesce(is_idle, true)
    and coalesce(resumed_date > risk_date, true)
    and coalesce(ended_date > risk_date, true)

union all

select
    'idle_unknown' as kind,
    agreement_no,
    agreement_no as unit_code,
    parcel_code,
    cast(arises_date as date) as raised_date,
    cast(null as double) as value,
    cast(null as double) as limit_value,
    detail || ',建成面积和投资额均不明' as detail,
    resumed_date as ended_date,
from clocks
where
    arises_date <= {{ as_of_date() }}
    and is_idle is null
    and coalesce(resumed_date >= arises_date, true)
    and coalesce(ended_date > arises_date, true)
