-- Outlines of districts in metres, as given and widened by their tolerance.
with placed as (
    select
        outlines.code,
        coalesce(outlines.tolerance_m, {{ qc_limit_of('outside_district') }}) as tolerance_m,
        {{ in_metres('st_geomfromwkb(outlines.geometry)', 'settings') }} as shape,
    from {{ ref('stg_profile__district_outlines') }} as outlines
    cross join {{ ref('stg_profile__settings') }} as settings
)

select
    code,
    tolerance_m,
    shape,
    st_buffer(shape, tolerance_m) as widened,
from placed
