select
    load_id,
    dataset,
    data_year,
    row_no,
    rule_code,
    value,
    message_zh,
    message_en,
from {{ source('qc', 'source_finding') }}
