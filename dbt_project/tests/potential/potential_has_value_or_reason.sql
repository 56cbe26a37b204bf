{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at null_reason in int_potential__zone and its totals.',
}) }}
-- A potential has a value or a reason, never both and never neither; so has every list its reasons.
with listed as (
    select
        parcel_code,
        list(reason order by rule_order) as reasons,
    from {{ ref('fct_low_efficiency_reason') }}
    group by parcel_code
)

select
    scale,
    unit_code,
    potential,
from {{ ref('fct_land_potential') }}
where (coalesce(area_ha, supply_years) is null) = (null_reason is null)
union all
select
    'parcel' as scale,
    parcels.parcel_code as unit_code,
    'reasons' as potential,
from {{ ref('fct_low_efficiency_parcel') }} as parcels
left join listed on parcels.parcel_code = listed.parcel_code
where parcels.reasons is distinct from listed.reasons
