select
    data_year,
    load_id,
    row_no,
    district_code,
    industry_code,
    gdp_cny10k,
    value_added_cny10k,
    output_cny10k,
    fixed_investment_cny10k,
    employees,
    energy_tce,
    population,
    construction_land_ha,
    urban_rural_construction_land_ha,
    industrial_land_ha,
    new_construction_land_ha,
    stock_supplied_ha,
    supplied_ha,
    approved_ha,
    approved_supplied_ha,
    floor_area_m2,
    pm25_ug_per_m3,
    green_coverage_ratio,
    wastewater_t,
from {{ source('accepted', 'district_series') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by data_year, district_code, industry_code
        order by data_year desc, load_id desc, row_no desc
    ) = 1
