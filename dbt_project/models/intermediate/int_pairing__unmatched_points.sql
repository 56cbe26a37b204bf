-- Counted enterprises that are on no parcel, in metres, each with a box that reaches as far as a candidate may be.
with placed as (
    select
        enterprises.uscc,
        {{ in_metres('st_point(enterprises.longitude, enterprises.latitude)', 'settings') }} as place,
    from {{ ref('int_enterprise__classified') }} as enterprises
    anti join {{ ref('int_pairing__shares') }} as shares on enterprises.uscc = shares.uscc
    cross join {{ ref('stg_profile__settings') }} as settings
    where
        enterprises.is_counted
        and enterprises.longitude between -180 and 180
        and enterprises.latitude between -90 and 90
)

select
    placed.uscc,
    placed.place,
    st_makeenvelope(
        st_x(placed.place) - limits.limit_value,
        st_y(placed.place) - limits.limit_value,
        st_x(placed.place) + limits.limit_value,
        st_y(placed.place) + limits.limit_value
    ) as reach,
from placed
inner join {{ ref('qc_limit') }} as limits on limits.check_code = 'candidate_distance'
where isfinite(st_x(placed.place)) and isfinite(st_y(placed.place))
