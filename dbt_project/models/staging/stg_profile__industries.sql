select
    edition,
    code,
    name_zh,
    level,
    parent_code,
from {{ source('profile', 'industry') }}
