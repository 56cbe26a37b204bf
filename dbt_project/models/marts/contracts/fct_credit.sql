-- The credit list with its history: who was listed when and why, and when it was repaired.
with listings as (
    select
        agreements.uscc,
        events.event_date as listed_date,
        events.agreement_no,
        {{ texts_in_order(
            "concat_ws(' ', events.agreement_no, events.stage, events.note)",
            ';', 'events.stage nulls first, events.indicator_code nulls first'
        ) }} as reason,
    from {{ ref('int_contract__events') }} as events
    inner join {{ ref('int_contract__agreements') }} as agreements on events.agreement_no = agreements.agreement_no
    where events.event = '失信列入'
    group by agreements.uscc, events.event_date, events.agreement_no
),

repairs as (
    select
        agreement_no,
        event_date,
    from {{ ref('int_contract__events') }}
    where event = '信用修复'
),

repaired as (
    select
        listings.*,
        repairs.event_date as repaired_date,
    from listings
    {{ asof_left_join('repairs', 'repairs', [
        'listings.agreement_no = repairs.agreement_no',
        'listings.listed_date <= repairs.event_date',
    ], 'repairs.event_date') }}
),

merged as (
    select
        uscc,
        listed_date,
        case when count(*) = count(repaired_date) then max(repaired_date) end as repaired_date,
        {{ texts_in_order('reason', ';', 'agreement_no') }} as reason,
        {{ texts_in_order('agreement_no', '、', 'agreement_no') }} as agreement_no,
        min(agreement_no) as first_agreement_no,
    from repaired
    group by uscc, listed_date
)

select
    merged.uscc,
    merged.listed_date,
    merged.repaired_date,
    merged.repaired_date is null as is_listed,
    merged.reason,
    merged.agreement_no,
    agreements.parcel_code,
    agreements.district_code,
    {{ run_id() }} as run_id,
from merged
inner join {{ ref('int_contract__agreements') }} as agreements on merged.first_agreement_no = agreements.agreement_no
