{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at int_potential__low_efficiency and the ideal values.',
}) }}
-- No parcel releases more than its site, no district more than its industrial land, nothing is negative.
select
    'parcel' as scale,
    parcel_code as unit_code,
    releasable_area_m2,
from {{ ref('fct_low_efficiency_parcel') }}
where not coalesce(releasable_area_m2 between 0 and site_area_m2, false)
union all
select
    'district' as scale,
    potentials.unit_code,
    sum(potentials.area_ha) * 10000 as releasable_area_m2,
from {{ ref('fct_land_potential') }} as potentials
inner join {{ ref('fct_district_year') }} as districts on potentials.unit_code = districts.district_code
where potentials.scale = 'district' and potentials.potential like 'low\_efficiency\_%' escape '\'
group by potentials.unit_code, districts.site_area_m2
having sum(potentials.area_ha) * 10000 > districts.site_area_m2 * (1 + 1e-9)
union all
select
    scale,
    unit_code,
    area_ha * 10000 as releasable_area_m2,
from {{ ref('fct_land_potential') }}
where area_ha < 0 or supply_years < 0 or not coalesce(isfinite(area_ha) and isfinite(supply_years), true)
