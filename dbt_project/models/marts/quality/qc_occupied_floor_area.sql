-- Floor area that occupants declare above the floor area that is built.
with occupied as (
    select
        parcel_code,
        {{ exact_sum('floor_area_m2') }} as occupied_floor_area_m2,
    from {{ ref('int_pairing__shares') }}
    group by parcel_code
)

select
    occupied.parcel_code,
    {{ eval_year() }} as year,
    occupied.occupied_floor_area_m2,
    buildings.floor_area_m2,
    format('{:.1f} > {:.1f}', occupied.occupied_floor_area_m2, buildings.floor_area_m2) as detail,
    format(
        '企业使用建筑面积合计{:.1f}大于已登记建筑面积{:.1f}平方米,请核对。',
        occupied.occupied_floor_area_m2, buildings.floor_area_m2
    ) as message_zh,
    {{ run_id() }} as run_id,
from occupied
inner join {{ ref('int_parcel__buildings') }} as buildings on occupied.parcel_code = buildings.parcel_code
where occupied.occupied_floor_area_m2 > buildings.floor_area_m2
