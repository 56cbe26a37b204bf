select
    code,
    name_zh,
    is_industrial,
from {{ source('profile', 'land_use') }}
