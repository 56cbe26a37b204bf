-- Declared pairs of counted enterprises that were valid on any day of the year.
select
    occupancy.parcel_code,
    occupancy.uscc,
    occupancy.tenure,
    occupancy.floor_area_m2,
    occupancy.land_area_m2,
from {{ ref('stg_accepted__occupancy') }} as occupancy
inner join {{ ref('int_enterprise__classified') }} as enterprises
    on occupancy.uscc = enterprises.uscc and enterprises.is_counted
where
    coalesce(occupancy.start_date <= make_date({{ eval_year() }}, 12, 31), true)
    and coalesce(occupancy.end_date >= make_date({{ eval_year() }}, 1, 1), true)
    and coalesce(occupancy.start_date <= occupancy.end_date, true) -- a period that ends before it starts has no day
