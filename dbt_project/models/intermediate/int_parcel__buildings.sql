-- Sums over the buildings of each parcel; storeys over 8 m count twice for the plot ratio.
select
    parcel_code,
    count(*) as building_count,
    {{ exact_sum('footprint_m2') }} as footprint_m2,
    {{ exact_sum('floor_area_m2') }} as floor_area_m2,
    {{ exact_sum('floor_area_m2 + coalesce(floor_area_over_8m_m2, 0)') }} as counted_floor_area_m2,
    {{ exact_sum(
        "case when building_use in ('行政办公', '生活服务') then floor_area_m2 when building_use is not null then 0 end"
    ) }} as admin_floor_area_m2,
from {{ ref('stg_accepted__buildings') }}
group by parcel_code
