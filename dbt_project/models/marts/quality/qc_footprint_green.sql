-- Buildings and green land together above the site.
with sums as (
    select
        parcels.parcel_code,
        parcels.site_area_m2,
        coalesce(buildings.footprint_m2, 0) as footprint_m2,
        parcels.green_area_m2,
    from {{ ref('int_parcel__year') }} as parcels
    left join {{ ref('int_parcel__buildings') }} as buildings on parcels.parcel_code = buildings.parcel_code
)

select
    parcel_code,
    {{ eval_year() }} as year,
    site_area_m2,
    footprint_m2,
    green_area_m2,
    format('{:.1f} + {:.1f} > {:.1f}', footprint_m2, coalesce(green_area_m2, 0), site_area_m2) as detail,
    format(
        '建筑占地{:.1f}与绿地{:.1f}之和大于宗地面积{:.1f}平方米,请核对。',
        footprint_m2, coalesce(green_area_m2, 0), site_area_m2
    ) as message_zh,
    {{ run_id() }} as run_id,
from sums
where footprint_m2 + coalesce(green_area_m2, 0) > site_area_m2
