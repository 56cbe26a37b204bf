select
    code as district_code,
    valid_from_year,
    name_zh,
    valid_to_year,
    successor_code,
    {{ run_id() }} as run_id,
from {{ ref('stg_profile__districts') }}
