-- The parcels that an agreement's parcel has become, and when: one row a parcel, day of arrival and day of leaving.
with recursive changes as (
    select distinct
        old_parcel_code,
        new_parcel_code,
        change_date,
    from {{ ref('stg_accepted__parcel_changes') }}
    where old_parcel_code <> new_parcel_code
),

-- a row is reached once only, so a change back ends the chain
reached as (
    select
        agreements.agreement_no,
        agreements.parcel_code,
        agreements.parcel_code as origin_code,
        cast(null as date) as arrived,
    from {{ ref('stg_accepted__agreements') }} as agreements
    semi join changes on agreements.parcel_code = changes.old_parcel_code
    union
    select
        reached.agreement_no,
        changes.new_parcel_code,
        reached.origin_code,
        changes.change_date,
    from reached
    inner join changes on reached.parcel_code = changes.old_parcel_code
    where reached.arrived is null or changes.change_date >= reached.arrived
),

left_on as (
    select
        reached.agreement_no,
        reached.parcel_code,
        reached.arrived,
        min(changes.change_date) as left_date,
    from reached
    left join changes
        on
            reached.parcel_code = changes.old_parcel_code
            and (reached.arrived is null or reached.arrived <= changes.change_date)
    group by reached.agreement_no, reached.parcel_code, reached.arrived
),

unchanged as (
    select
        agreements.agreement_no,
        agreements.parcel_code,
    from {{ ref('stg_accepted__agreements') }} as agreements
    anti join changes on agreements.parcel_code = changes.old_parcel_code
)

select
    agreement_no,
    parcel_code,
    arrived,
    left_date,
from left_on
union all
select
    agreement_no,
    parcel_code,
    null as arrived,
    null as left_date,
from unchanged
