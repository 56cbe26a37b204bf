select
    data_year,
    load_id,
    row_no,
    notice_no,
    year as noticed_year,
    start_date,
    deadline,
    document_no,
    place,
from {{ source('accepted', 'public_notices') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by notice_no
        order by data_year desc, load_id desc, row_no desc
    ) = 1
