select
    code,
    name_zh,
    district_code,
    valid_from_year,
    valid_to_year,
    successor_code,
from {{ source('profile', 'town') }}
