select
    city_code,
    {{ eval_year() }} as year,
    parcel_count,
    site_area_m2,
    enterprise_count,
    {{ unmatched_columns() }},
    {{ measure_columns() }},
    {{ indicator_values(city_indicators()) }},
    population_land_elasticity_type,
    population_land_elasticity_type_illustrative,
    gdp_land_elasticity_type,
    gdp_land_elasticity_type_illustrative,
    {{ run_id() }} as run_id,
from (
    select
        indicators.*,
        elasticity.* exclude (elasticity.scale, elasticity.unit_code),
    from {{ ref('int_indicators__city') }} as indicators
    left join {{ ref('int_region__elasticity') }} as elasticity
        on elasticity.scale = 'city' and indicators.city_code = elasticity.unit_code
) as cities
