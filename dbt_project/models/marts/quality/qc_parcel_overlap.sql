-- Parcels that overlap by more than the limit, in m2 of the city's projected system.
with pairs as (
    select
        parcel_code,
        other_parcel_code,
    from {{ ref('int_parcel__touching') }}
    where parcel_code < other_parcel_code
),

areas as (
    select
        pairs.parcel_code,
        pairs.other_parcel_code,
        st_area(
            st_transform(
                st_intersection(st_geomfromwkb(one.geometry), st_geomfromwkb(other.geometry)),
                'EPSG:4490',
                settings.projected_crs,
                always_xy := true
            )
        ) as overlap_area_m2,
    from pairs
    inner join {{ ref('stg_accepted__parcels') }} as one on pairs.parcel_code = one.parcel_code
    inner join {{ ref('stg_accepted__parcels') }} as other on pairs.other_parcel_code = other.parcel_code
    cross join {{ ref('stg_profile__settings') }} as settings
)

select
    areas.parcel_code,
    areas.other_parcel_code,
    {{ eval_year() }} as year,
    areas.overlap_area_m2,
    format('{:.1f} m2', areas.overlap_area_m2) as detail,
    format(
        '宗地{}与宗地{}重叠{:.1f}平方米,请核对界址。',
        areas.parcel_code, areas.other_parcel_code, areas.overlap_area_m2
    ) as message_zh,
    {{ run_id() }} as run_id,
from areas
inner join {{ ref('qc_limit') }} as limits
    on limits.check_code = 'overlap_area' and areas.overlap_area_m2 > limits.limit_value
