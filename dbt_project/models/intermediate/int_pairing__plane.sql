-- The polygons of the year in metres, each with a box that reaches as far as a gap between neighbours may be wide.
with placed as (
    select
        parcels.parcel_code,
        parcels.district_code,
        {{ in_metres('st_geomfromwkb(parcels.geometry)', 'settings') }} as shape,
    from {{ ref('stg_accepted__parcels') }} as parcels
    cross join {{ ref('stg_profile__settings') }} as settings
    where parcels.geometry is not null
),

valid as (
    select -- a polygon that was valid in its own system may not be so, by a rounding, in another
        parcel_code,
        district_code,
        case when st_isvalid(shape) then shape else try(st_makevalid(shape)) end as shape,
    from placed
)

select
    valid.parcel_code,
    valid.district_code,
    valid.shape,
    st_makeenvelope(
        st_xmin(valid.shape) - limits.limit_value,
        st_ymin(valid.shape) - limits.limit_value,
        st_xmax(valid.shape) + limits.limit_value,
        st_ymax(valid.shape) + limits.limit_value
    ) as reach,
from valid
inner join {{ ref('qc_limit') }} as limits on limits.check_code = 'sliver_width'
where valid.shape is not null
