-- Building that stopped: from the last 停工 before work went on, with how much stood by the newest evidence of that time.
with stopped as (
    select
        events.agreement_no,
        events.event_date as stopped_date,
    from {{ ref('int_contract__events') }} as events
    inner join {{ ref('int_contract__milestones') }} as milestones on events.agreement_no = milestones.agreement_no
    where events.event = '停工' and events.event_date >= milestones.started_date
),

resumptions as (
    select
        agreement_no,
        event_date,
    from {{ ref('int_contract__events') }}
    where event = '复工'
),

stops as (
    select
        stopped.agreement_no,
        max(stopped.stopped_date) as stopped_date,
        resumptions.event_date as resumed_date,
    from stopped
    {{ asof_left_join('resumptions', 'resumptions', [
        'stopped.agreement_no = resumptions.agreement_no',
        'stopped.stopped_date <= resumptions.event_date',
    ], 'resumptions.event_date') }}
    group by stopped.agreement_no, resumptions.event_date
),

shares as (
    select
        built.agreement_no,
        built.year,
        built.floor_area_m2 / nullif(agreements.agreed_floor_area_m2, 0) as floor_share,
        built.investment_cny10k / nullif(agreements.agreed_investment_cny10k, 0) as investment_share,
    from {{ ref('int_contract__built') }} as built
    inner join {{ ref('int_contract__agreements') }} as agreements on built.agreement_no = agreements.agreement_no
)

select
    stops.agreement_no,
    stops.stopped_date,
    stops.resumed_date,
    max(shares.year) as evidence_year,
    arg_max_null(shares.floor_share, shares.year) as floor_share,
    arg_max_null(shares.investment_share, shares.year) as investment_share,
from stops
left join shares
    on
        stops.agreement_no = shares.agreement_no
        and (shares.floor_share is not null or shares.investment_share is not null)
        and shares.year <= coalesce(year(stops.resumed_date) - 1, year({{ as_of_date() }}))
group by stops.agreement_no, stops.stopped_date, stops.resumed_date
