select
    cast(year as integer) as year,
    code as district_code,
    unit_code,
    is_split,
    {{ run_id() }} as run_id,
from {{ ref('int_district__succession') }}
where basis = 'parcels'
