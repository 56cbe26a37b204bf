-- One row an agreement: its dates as far as they are owed, the rules that bind it, and when it ended.
with decided as (
    select
        agreement_no,
        min(event_date) filter (where event in ('终止同意', '收回决定')) as event_date,
        {{ value_at_least("case when event <> '续期决定' then event end", '(event_date, event)') }} as event,
        bool_or(event = '续期决定') as renewed,
    from {{ ref('int_contract__events') }}
    where event in ('终止同意', '收回决定', '续期决定')
    group by agreement_no
),

ended as (
    select
        agreements.agreement_no,
        decided.event_date,
        decided.event,
        case
            when agreements.term_end_date < {{ as_of_date() }} and not coalesce(decided.renewed, false)
                then agreements.term_end_date
        end as expired_date,
    from {{ ref('stg_accepted__agreements') }} as agreements
    left join decided on agreements.agreement_no = decided.agreement_no
)

select
    agreements.agreement_no,
    agreements.parcel_code,
    agreements.uscc,
    agreements.signed_date,
    {%- for name in ['start_due', 'completion_due', 'production_due', 'capacity_due'] %}
    case when agreements.{{ name }} <= agreements.term_end_date then agreements.{{ name }} end as {{ name }},
    {%- endfor %}
    agreements.term_end_date,
    case
        when agreements.supply_mode = '先租后让' and agreements.lease_end_date <= agreements.term_end_date
            then agreements.lease_end_date
    end as lease_end_date,
    agreements.supply_mode,
    agreements.process_interval_years,
    cast(round(coalesce(
        agreements.process_interval_years * 12, versions.process_interval_months
    )) as integer) as interval_months,
    cast(versions.process_periods_at_most as integer) as periods_at_most,
    districts.district_code,
    districts.zone_code,
    -- on one day the decision goes before the end of the term
    coalesce(least(ended.event_date, ended.expired_date), ended.event_date, ended.expired_date) as ended_date,
    case
        when ended.event_date <= coalesce(ended.expired_date, ended.event_date) then ended.event
        when ended.expired_date is not null then '期满'
    end as ended_by,
    agreements.start_penalty,
    agreements.completion_penalty,
    agreements.building_compensation,
    agreements.penalty_free_text,
    agreements.agreed_investment_cny10k,
    agreements.agreed_floor_area_m2,
    agreements.granted_area_m2,
    agreements.granted_use,
    versions.rule_version,
    agreements.data_year,
from {{ ref('stg_accepted__agreements') }} as agreements
left join ended on agreements.agreement_no = ended.agreement_no
left join {{ ref('int_contract__districts') }} as districts on agreements.agreement_no = districts.agreement_no
left join {{ ref('int_contract__rule_versions') }} as versions
    on
        (versions.is_first or agreements.signed_date >= versions.valid_from)
        and (versions.next_from is null or agreements.signed_date < versions.next_from)
