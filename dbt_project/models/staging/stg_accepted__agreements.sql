select
    data_year,
    load_id,
    row_no,
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
    agreed_investment_cny10k,
    agreed_floor_area_m2,
    granted_area_m2,
    granted_use,
    start_penalty,
    completion_penalty,
    building_compensation,
    penalty_free_text,
from {{ source('accepted', 'agreements') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by agreement_no
        order by data_year desc, load_id desc, row_no desc
    ) = 1
