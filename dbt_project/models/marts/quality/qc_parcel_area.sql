-- Polygon against registered area, above the profile's warning tolerance.
with differences as (
    select
        parcels.parcel_code,
        parcels.site_area_m2,
        parcels.polygon_area_m2,
        abs(parcels.site_area_m2 - parcels.polygon_area_m2) / parcels.site_area_m2 as difference_ratio,
        settings.area_warn,
    from {{ ref('int_parcel__year') }} as parcels
    cross join {{ ref('stg_profile__settings') }} as settings
)

select
    parcel_code,
    {{ eval_year() }} as year,
    site_area_m2,
    polygon_area_m2,
    difference_ratio,
    format('{:.4f}', difference_ratio) as detail,
    format(
        '登记面积{:.1f}平方米,图形面积{:.1f}平方米,相差{:.1f}%,请核对。',
        site_area_m2, polygon_area_m2, 100 * difference_ratio
    ) as message_zh,
    {{ run_id() }} as run_id,
from differences
where difference_ratio > area_warn
