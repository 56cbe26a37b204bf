-- The potentials of each zone: area, difference (land x (ideal - actual)), shortfall (land x (ideal - actual) / ideal),
-- years (land / mean yearly supply of the zone's parcels). Never negative; NULL with a reason where a part is missing.
-- A negative area or ratio that was declared is none.
with lands as (
    {% for land, kind, parts in [
        ('E', 'all', ['zones.e1_ha', 'zones.e21_ha', 'zones.e22_ha']),
        ('E21', 'industrial', ['zones.e21_ha']),
        ('A', none, ['parts.built_up_ha']),
        ('A2', none, ['parts.a2_ha']),
        ('G + D22', none, ['zones.g_ha', 'zones.d22_ha']),
    ] %}
    select
        zones.zone_code,
        zones.zone_type,
        zones.district_code,
        '{{ land }}' as land,
        {{ "'" ~ kind ~ "'" if kind else 'null' }} as supplied_kind,
        case
            when {{ 'least(' ~ parts | join(', ') ~ ')' if parts | length > 1 else parts[0] }} >= 0
                then {{ parts | join(' + ') }}
        end as base_area_ha,
    from {{ ref('stg_accepted__zones') }} as zones
    inner join {{ ref('int_indicators__zone') }} as parts on zones.zone_code = parts.zone_code
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

indicators as (
    {{ indicator_rows('zone', 'int_indicators__zone', 'zone_code', zone_indicators()) }}
),

windows as (
    select
        kinds.supplied_kind,
        max(potentials.window_years) as window_years,
    from {{ ref('potential') }} as potentials
    inner join (values ('E', 'all'), ('E21', 'industrial')) as kinds (land, supplied_kind)
        on potentials.land = kinds.land
    where potentials.method = 'years'
    group by kinds.supplied_kind
),

supply as (
    -- no date of supply at all: not known; dates, but none of the last years: nothing was supplied
    select
        parcels.zone_code,
        windows.supplied_kind,
        coalesce({{ exact_sum(
            'dated.site_area_m2', 'year(dated.supply_date) > ' ~ eval_year() ~ ' - windows.window_years'
        ) }}, 0) / 10000 / windows.window_years as yearly_supply_ha,
    from {{ ref('int_parcel__year') }} as parcels
    inner join windows on windows.supplied_kind = 'all' or parcels.is_industrial
    inner join {{ ref('stg_accepted__parcels') }} as dated
        on
            parcels.parcel_code = dated.parcel_code
            and year(dated.supply_date) <= {{ eval_year() }}
    where parcels.zone_code is not null
    group by parcels.zone_code, windows.supplied_kind, windows.window_years
),

ideals as (
    select
        zones.zone_code,
        ideal.indicator_code,
        ideal.ideal_value,
        ideal.source,
        ideal.illustrative,
    from {{ ref('stg_accepted__zones') }} as zones
    inner join {{ ref('int_potential__ideal') }} as ideal
        on
            ideal.scale = 'zone'
            and (
                ideal.scope_kind = 'all'
                or (ideal.scope_kind = 'zone_type' and zones.zone_type = ideal.scope_code)
                or (ideal.scope_kind = 'district' and zones.district_code = ideal.scope_code)
            )
    qualify
        row_number() over (
            partition by zones.zone_code, ideal.indicator_code
            order by ideal.precedence desc, ideal.ideal_value asc, ideal.scope_kind asc, ideal.source asc
        ) = 1
),

parts as (
    select
        lands.zone_code,
        lands.district_code,
        potentials.potential_order,
        potentials.potential,
        potentials.method,
        potentials.formula_zh as basis,
        lands.base_area_ha,
        supply.yearly_supply_ha,
        case when indicators.value >= 0 then indicators.value end as actual_value,
        ideals.ideal_value,
        concat_ws('; ', potentials.source, ideals.source) as source,
        potentials.illustrative or coalesce(ideals.illustrative, false) as illustrative,
        case
            when lands.base_area_ha is null then 'value_missing'
            when potentials.method = 'years' and supply.yearly_supply_ha is null then 'value_missing'
            when potentials.method = 'years' and supply.yearly_supply_ha = 0 then 'zero_denominator'
            when potentials.method in ('difference', 'shortfall')
                then coalesce(
                    indicators.null_reason,
                    case
                        when indicators.value < 0 then 'value_missing'
                        when ideals.ideal_value is null then 'no_ideal_value'
                        when potentials.method = 'shortfall' and ideals.ideal_value = 0 then 'zero_denominator'
                    end
                )
        end as null_reason,
    from lands
    inner join {{ ref('potential') }} as potentials on lands.land = potentials.land
    left join supply
        on
            potentials.method = 'years'
            and lands.zone_code = supply.zone_code
            and lands.supplied_kind = supply.supplied_kind
    left join indicators
        on lands.zone_code = indicators.unit_code and potentials.indicator_code = indicators.indicator_code
    left join ideals
        on lands.zone_code = ideals.zone_code and potentials.indicator_code = ideals.indicator_code
)

select
    zone_code,
    district_code,
    potential_order,
    potential,
    method,
    case
        when null_reason is not null then null
        when method = 'area' then base_area_ha
        when method = 'difference' then base_area_ha * greatest(ideal_value - actual_value, 0)
        when method = 'shortfall' then base_area_ha * greatest(ideal_value - actual_value, 0) / ideal_value
    end as area_ha,
    case when null_reason is null and method = 'years' then base_area_ha / yearly_supply_ha end as supply_years,
    null_reason,
    base_area_ha,
    yearly_supply_ha,
    actual_value,
    ideal_value,
    basis,
    source,
    illustrative,
from parts
