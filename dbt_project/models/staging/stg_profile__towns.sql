select
    code,
    name_zh,
    district_code,
from {{ source('profile', 'town') }}
