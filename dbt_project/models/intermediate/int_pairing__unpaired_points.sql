-- Counted enterprises with a position and no accepted occupancy row in the year, whatever its dates.
select
    enterprises.uscc,
    enterprises.longitude,
    enterprises.latitude,
from {{ ref('int_enterprise__classified') }} as enterprises
anti join {{ ref('stg_accepted__occupancy') }} as occupancy on enterprises.uscc = occupancy.uscc
where
    enterprises.is_counted
    and enterprises.longitude is not null
    and enterprises.latitude is not null
