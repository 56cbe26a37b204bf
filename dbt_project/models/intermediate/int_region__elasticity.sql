-- The types of the two elasticities of the evaluated year, by the signs of their parts; one row for each region.
with parts as (
    select
        'district' as scale,
        district_code as unit_code,
        population_land_elasticity_ratio__num,
        population_land_elasticity_ratio__den,
        gdp_land_elasticity_ratio__num,
        gdp_land_elasticity_ratio__den,
    from {{ ref('int_indicators__district') }}
    union all
    select
        'city' as scale,
        city_code as unit_code,
        population_land_elasticity_ratio__num,
        population_land_elasticity_ratio__den,
        gdp_land_elasticity_ratio__num,
        gdp_land_elasticity_ratio__den,
    from {{ ref('int_indicators__city') }}
)

select
    parts.scale,
    parts.unit_code,
    {{ value_at_least('of_population.elasticity_type', 'of_population.rule_order') }}
        as population_land_elasticity_type,
    {{ value_at_least('of_population.illustrative', 'of_population.rule_order') }}
        as population_land_elasticity_type_illustrative,
    {{ value_at_least('of_gdp.elasticity_type', 'of_gdp.rule_order') }}
        as gdp_land_elasticity_type,
    {{ value_at_least('of_gdp.illustrative', 'of_gdp.rule_order') }}
        as gdp_land_elasticity_type_illustrative,
from parts
left join {{ ref('elasticity_type') }} as of_population
    on {{ elasticity_type_holds('of_population', 'population_land_elasticity_ratio') }}
left join {{ ref('elasticity_type') }} as of_gdp
    on {{ elasticity_type_holds('of_gdp', 'gdp_land_elasticity_ratio') }}
group by parts.scale, parts.unit_code
