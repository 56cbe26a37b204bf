select
    data_year,
    load_id,
    row_no,
    old_parcel_code,
    new_parcel_code,
    kind,
    change_date,
from {{ source('accepted', 'parcel_changes') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by old_parcel_code, new_parcel_code
        order by data_year desc, load_id desc, row_no desc
    ) = 1
