-- Blocks that the year's parcels name; a block belongs to the district that holds most of its area.
with areas as (
    select
        block_code,
        district_code,
        {{ exact_sum('site_area_m2') }} as site_area_m2,
    from {{ ref('int_parcel__year') }}
    where block_code is not null
    group by block_code, district_code
)

select
    block_code,
    district_code,
from areas
qualify row_number() over (partition by block_code order by site_area_m2 desc, district_code asc) = 1
