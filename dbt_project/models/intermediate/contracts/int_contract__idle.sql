-- Idle land: each clock that runs (not started, stopped) with the day on which the fee and the taking back arise.
with clocks as (
    select
        agreements.agreement_no,
        agreements.rule_version,
        'not_started' as ground,
        agreements.start_due as clock_start,
        milestones.started_date as resumed_date,
        cast(null as integer) as evidence_year,
        cast(null as double) as floor_share,
        cast(null as double) as investment_share,
    from {{ ref('int_contract__agreements') }} as agreements
    left join {{ ref('int_contract__milestones') }} as milestones on agreements.agreement_no = milestones.agreement_no
    where agreements.start_due <= {{ as_of_date() }} and not coalesce(milestones.start_inferred, false)
    union all
    select
        agreements.agreement_no,
        agreements.rule_version,
        'stopped' as ground,
        stops.stopped_date as clock_start,
        stops.resumed_date,
        stops.evidence_year,
        stops.floor_share,
        stops.investment_share,
    from {{ ref('int_contract__agreements') }} as agreements
    inner join {{ ref('int_contract__stops') }} as stops on agreements.agreement_no = stops.agreement_no
),

settings as (
    {{ contract_settings(['idle_fee_months', 'idle_take_back_months', 'idle_built_share', 'idle_investment_share']) }}
),

consequences as (
    select
        rule_version,
        'idle_fee' as consequence_code,
        idle_fee_months as months,
    from settings
    union all
    select
        rule_version,
        'idle_take_back' as consequence_code,
        idle_take_back_months as months,
    from settings
),

running as (
    select
        clocks.*,
        consequences.consequence_code,
        {{ months_after('clocks.clock_start', 'consequences.months') }} as without_government,
    from clocks
    inner join consequences on clocks.rule_version = consequences.rule_version
),

government as (
    select
        running.agreement_no,
        running.ground,
        running.clock_start,
        running.consequence_code,
        running.without_government,
        greatest(periods.start_date, running.clock_start) as start_date,
        {{ days_between('greatest(periods.start_date, running.clock_start)', 'periods.end_date') }} as day_count,
    from running
    inner join {{ ref('int_contract__government_time') }} as periods
        on running.agreement_no = periods.agreement_no and running.clock_start < periods.end_date
),

placed as (
    select
        *,
        cast(coalesce(sum(day_count) over (
            partition by agreement_no, ground, clock_start, consequence_code
            order by start_date rows between unbounded preceding and 1 preceding
        ), 0) as integer) as days_before,
    from government
),

excluded as (
    select
        agreement_no,
        ground,
        clock_start,
        consequence_code,
        cast(sum(day_count) as integer) as day_count,
    from placed
    where start_date - days_before <= without_government
    group by agreement_no, ground, clock_start, consequence_code
)

select
    running.agreement_no,
    running.ground,
    running.consequence_code,
    running.clock_start,
    coalesce(excluded.day_count, 0) as government_days,
    running.without_government + coalesce(excluded.day_count, 0) as limit_date,
    running.without_government + coalesce(excluded.day_count, 0) + 1 as arises_date,
    running.resumed_date,
    running.evidence_year,
    running.floor_share,
    running.investment_share,
    case
        when running.ground = 'not_started' then true
        when running.floor_share < settings.idle_built_share * (1 - 1e-9) then true
        when running.investment_share < settings.idle_investment_share * (1 - 1e-9) then true
        when running.floor_share is not null or running.investment_share is not null then false
    end as is_idle,
from running
inner join settings on running.rule_version = settings.rule_version
left join excluded
    on
        running.agreement_no = excluded.agreement_no
        and running.ground = excluded.ground
        and running.clock_start = excluded.clock_start
        and running.consequence_code = excluded.consequence_code
