-- The latest accepted row of each agreement over all loaded years; its district is its parcel's.
select
    agreements.agreement_no,
    agreements.parcel_code,
    agreements.uscc,
    parcels.district_code,
    agreements.signed_date,
    agreements.start_due,
    agreements.completion_due,
    agreements.production_due,
    agreements.capacity_due,
    agreements.term_end_date,
    agreements.lease_end_date,
    agreements.supply_mode,
    agreements.process_interval_years,
    {{ run_id() }} as run_id,
from {{ ref('stg_accepted__agreements_ever') }} as agreements
left join {{ ref('stg_accepted__parcels_ever') }} as parcels on agreements.parcel_code = parcels.parcel_code
