-- A region's figures of each year of the series beside those of the previous year in the same boundaries, and the
-- city's; a region whose year has no row does not stand here.
with founded as (
    select
        code,
        min(valid_from_year) as first_year,
    from {{ ref('stg_profile__districts') }}
    group by code
)

select
    region.scale,
    region.unit_code,
    region.year,
    case
        when previous.unit_code is not null then previous.base_reason
        when founded.first_year >= region.year then 'district_split'
        else 'no_previous_year'
    end as region_base_reason,
    {{ measures_as('region', additive_measures(), 'region') }},
    {{ measures_as('previous', additive_measures(), 'previous') }},
    {{ measures_as('city', grown_measures(), 'city') }},
    {{ measures_as('city_previous', grown_measures(), 'city_previous') }},
from {{ ref('int_region__comparable') }} as region
left join {{ ref('int_region__comparable') }} as previous
    on
        region.scale = previous.scale
        and region.unit_code = previous.unit_code
        and region.year = previous.year
        and region.year = previous.from_year + 1
left join {{ ref('int_region__comparable') }} as city
    on city.scale = 'city' and region.year = city.year and region.year = city.from_year
left join {{ ref('int_region__comparable') }} as city_previous
    on
        city_previous.scale = 'city'
        and region.year = city_previous.year
        and region.year = city_previous.from_year + 1
left join founded on region.scale = 'district' and region.unit_code = founded.code
where region.year = region.from_year and region.base_reason is null
