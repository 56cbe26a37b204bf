-- The potentials of zones, and their sums for districts and the city. A sum of which a part is missing is NULL;
-- `known_area_ha` says what is known of it. A year without the dataset has a row with the reason for each unit.
with units as (
    select
        'district' as scale,
        district_code as unit_code,
        district_code,
    from {{ ref('int_district__year') }}
    union all
    select
        'city' as scale,
        city_code as unit_code,
        cast(null as varchar) as district_code,
    from {{ ref('stg_profile__settings') }}
),

sums as (
    select
        units.scale,
        units.unit_code,
        units.district_code,
        zones.potential,
        any_value(zones.method) as method,
        any_value(zones.basis) as basis,
        {{ texts_in_order('distinct zones.source', '; ', 'zones.source') }} as source,
        bool_or(zones.illustrative) as illustrative,
        count(*) as unit_count,
        count(zones.null_reason) as missing_count,
        min(zones.null_reason) as null_reason,
        {{ exact_sum('zones.area_ha') }} as known_area_ha,
        {{ exact_sum('zones.base_area_ha') }} as base_area_ha,
        {{ exact_sum('zones.yearly_supply_ha') }} as yearly_supply_ha,
        count(*) filter (
            where zones.method = 'years' and (zones.base_area_ha is null or zones.yearly_supply_ha is null)
        ) as missing_years,
    from units
    inner join {{ ref('int_potential__zone') }} as zones
        on units.scale = 'city' or units.unit_code = zones.district_code
    group by units.scale, units.unit_code, units.district_code, zones.potential
),

reasoned as (
    select
        * exclude (null_reason, missing_count),
        case when method = 'years' then missing_years else missing_count end as missing_count,
        case
            when method != 'years' then null_reason
            when missing_years > 0 then 'value_missing'
            when yearly_supply_ha = 0 then 'zero_denominator'
        end as null_reason,
    from sums
)

select
    'zone' as scale,
    zone_code as unit_code,
    district_code,
    potential,
    area_ha,
    area_ha as known_area_ha,
    supply_years,
    null_reason,
    1 as unit_count,
    if(null_reason is null, 0, 1) as missing_count,
    base_area_ha,
    yearly_supply_ha,
    actual_value,
    ideal_value,
    basis,
    source,
    illustrative,
from {{ ref('int_potential__zone') }}
union all
select
    scale,
    unit_code,
    district_code,
    potential,
    case when null_reason is null then known_area_ha end as area_ha,
    known_area_ha,
    case when null_reason is null and method = 'years' then base_area_ha / yearly_supply_ha end as supply_years,
    null_reason,
    unit_count,
    missing_count,
    base_area_ha,
    yearly_supply_ha,
    cast(null as double) as actual_value,
    cast(null as double) as ideal_value,
    basis,
    source,
    illustrative,
from reasoned
union all
select
    units.scale,
    units.unit_code,
    units.district_code,
    potentials.potential,
    cast(null as double) as area_ha,
    cast(null as double) as known_area_ha,
    cast(null as double) as supply_years,
    'register_not_loaded' as null_reason,
    0 as unit_count,
    0 as missing_count,
    cast(null as double) as base_area_ha,
    cast(null as double) as yearly_supply_ha,
    cast(null as double) as actual_value,
    cast(null as double) as ideal_value,
    potentials.formula_zh as basis,
    potentials.source,
    potentials.illustrative,
from units
cross join {{ ref('potential') }} as potentials
inner join {{ ref('int_run__loaded') }} as loaded on not loaded.zones_loaded
