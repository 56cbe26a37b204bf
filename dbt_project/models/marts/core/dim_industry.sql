select
    edition,
    code,
    name_zh,
    level,
    parent_code,
    {{ run_id() }} as run_id,
from {{ ref('stg_profile__industries') }}
