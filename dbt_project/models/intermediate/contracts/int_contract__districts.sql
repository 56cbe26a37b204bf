-- Where an agreement's land lies, as last known: the first parcel of its land that was accepted, else its own.
with places as (
    select
        lineage.agreement_no,
        {{ value_at_least('parcels.district_code', 'parcels.parcel_code') }} as district_code,
        {{ value_at_least('parcels.zone_code', 'parcels.parcel_code') }} as zone_code,
    from {{ ref('int_contract__lineage') }} as lineage
    inner join {{ ref('stg_accepted__parcels_ever') }} as parcels on lineage.parcel_code = parcels.parcel_code
    where
        (lineage.arrived is null or year(lineage.arrived) <= {{ eval_year() }})
        and (lineage.left_date is null or year(lineage.left_date) > {{ eval_year() }})
    group by lineage.agreement_no
)

select
    agreements.agreement_no,
    coalesce(places.district_code, parcels.district_code) as district_code,
    nullif(coalesce(places.zone_code, parcels.zone_code), '') as zone_code,
from {{ ref('stg_accepted__agreements') }} as agreements
left join places on agreements.agreement_no = places.agreement_no
left join {{ ref('stg_accepted__parcels_ever') }} as parcels on agreements.parcel_code = parcels.parcel_code
