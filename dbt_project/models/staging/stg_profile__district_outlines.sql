select
    code,
    geometry,
    tolerance_m,
from {{ source('profile', 'district_outline') }}
