-- Polygons that reach out of their district by more than the tolerance of its outline. A code without an outline is
-- looked for under its successors and predecessors; districts without any are not judged.
with judged as (
    select
        parcels.parcel_code,
        parcels.district_code,
        parcels.shape,
        lineage.related_code,
    from {{ ref('int_pairing__plane') }} as parcels
    inner join {{ ref('int_district__lineage') }} as lineage on parcels.district_code = lineage.code
    semi join {{ ref('int_pairing__outlines') }} as outlines on lineage.related_code = outlines.code
),

outside as (
    select
        judged.parcel_code,
        any_value(judged.district_code) as district_code,
        any_value(judged.shape) as shape,
    from judged
    left join {{ ref('int_pairing__in_district') }} as inside
        on judged.parcel_code = inside.parcel_code and judged.related_code = inside.code
    group by judged.parcel_code
    having count(inside.code) = 0
),

measured as (
    select
        outside.parcel_code,
        outside.district_code,
        max(outlines.tolerance_m) as tolerance_m,
        min(try(st_area(st_difference(outside.shape, outlines.shape)) / st_area(outside.shape))) as outside_share,
        min(st_distance(st_centroid(outside.shape), outlines.shape)) as distance_m,
    from outside
    inner join {{ ref('int_district__lineage') }} as lineage on outside.district_code = lineage.code
    inner join {{ ref('int_pairing__outlines') }} as outlines on lineage.related_code = outlines.code
    group by outside.parcel_code, outside.district_code
)

select
    parcel_code,
    {{ eval_year() }} as year,
    district_code,
    outside_share,
    distance_m,
    tolerance_m,
    format('{:.3f} outside, centre {:.0f} m away', outside_share, distance_m) as detail,
    format(
        '宗地图形有{:.1f}%在所属行政区{}界线之外(界线精度{:.0f}米),请核对行政区代码或图形位置。',
        100 * outside_share, district_code, tolerance_m
    ) as message_zh,
    {{ run_id() }} as run_id,
from measured
