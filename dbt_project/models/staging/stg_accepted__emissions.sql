select
    data_year,
    load_id,
    row_no,
    uscc,
    pollutant,
    emission_t,
from {{ source('accepted', 'emissions') }}
where data_year = {{ eval_year() }}
