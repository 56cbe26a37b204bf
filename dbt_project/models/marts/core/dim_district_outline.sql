-- The newest outline of each district, as the city's profile gives it.
select
    code as district_code,
    geometry,
    tolerance_m,
    {{ run_id() }} as run_id,
from {{ ref('stg_profile__district_outlines') }}
