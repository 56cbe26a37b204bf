select
    code,
    name_zh,
    valid_from_year,
    valid_to_year,
    successor_code,
from {{ source('profile', 'district') }}
