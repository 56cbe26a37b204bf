-- The latest accepted row of each agreement over all loaded years, also years after the evaluated one.
select
    data_year,
    agreement_no,
    parcel_code,
    uscc,
    signed_date,
    start_due,
    completion_due,
    production_due,
    capacity_due,
    term_end_date,
    lease_end_date,
    supply_mode,
    process_interval_years,
from {{ source('accepted', 'agreements') }}
qualify
    row_number() over (
        partition by agreement_no
        order by data_year desc, load_id desc, row_no desc
    ) = 1
