-- Pairs of neighbours with what they have in common, and the gap between those that do not share a border: the strip
-- that is within the limit of both and in neither. What a topology error leaves unknown is left out.
with pairs as (
    select
        touching.parcel_code,
        touching.other_parcel_code,
        one.shape as one_shape,
        other.shape as other_shape,
        try(st_intersection(one.shape, other.shape)) as meet,
    from {{ ref('int_parcel__touching') }} as touching
    inner join {{ ref('int_pairing__plane') }} as one on touching.parcel_code = one.parcel_code
    inner join {{ ref('int_pairing__plane') }} as other on touching.other_parcel_code = other.parcel_code
    where touching.parcel_code < touching.other_parcel_code
),

limits as (
    select
        {{ qc_limit_of('sliver_width') }} as sliver_width,
        {{ qc_limit_of('sliver_length') }} as sliver_length,
),

facing as (
    select -- how much of a border runs along the other parcel: tells cheaply whether there can be a gap
        pairs.*,
        limits.sliver_width,
        limits.sliver_length,
        case
            when st_area(pairs.meet) = 0 and st_length(pairs.meet) = 0
                then try(st_length(st_intersection(
                    st_boundary(pairs.one_shape), st_buffer(pairs.other_shape, limits.sliver_width, 1)
                )))
        end as facing_m,
    from pairs
    cross join limits
),

gaps as (
    select
        *,
        case
            when facing_m >= sliver_length
                then try(st_difference(
                    st_intersection(st_buffer(one_shape, sliver_width), st_buffer(other_shape, sliver_width)),
                    st_union(one_shape, other_shape)
                ))
        end as gap,
    from facing
)

select
    parcel_code,
    other_parcel_code,
    st_area(meet) as overlap_area_m2,
    st_perimeter(meet) / 2 as overlap_length_m,
    st_area(gap) as gap_area_m2,
    st_perimeter(gap) / 2 as gap_length_m,
from gaps
where st_area(meet) > 0 or st_area(gap) > 0
