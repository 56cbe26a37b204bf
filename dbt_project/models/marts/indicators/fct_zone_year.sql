-- The zone's type is that of the first rule that holds; an unknown share leaves it NULL.
with typed as (
    select
        zones.zone_code,
        rules.zone_type_evaluated,
    from {{ ref('int_indicators__zone') }} as zones
    inner join {{ ref('zone_type_rule') }} as rules
        on
            coalesce(zones.zone_type = rules.zone_type, rules.zone_type is null)
            and (
                rules.zone_type is not null
                or (
                    coalesce(zones.a2_ha / zones.built_up_ha > rules.industrial_share_above, rules.industrial_share_above is null)
                    and coalesce(zones.a2_ha / zones.built_up_ha <= rules.industrial_share_up_to, rules.industrial_share_up_to is null)
                    and coalesce(zones.a1_ha / zones.built_up_ha < rules.housing_share_below, rules.housing_share_below is null)
                    and coalesce(zones.a1_ha / zones.built_up_ha >= rules.housing_share_from, rules.housing_share_from is null)
                    and zones.built_up_ha > 0
                )
            )
    qualify row_number() over (partition by zones.zone_code order by rules.rule_order) = 1
)

select
    zones.zone_code,
    {{ eval_year() }} as year,
    zones.built_up_ha,
    zones.supplied_ha,
    typed.zone_type_evaluated,
    {{ indicator_values(zone_indicators()) }},
    {{ run_id() }} as run_id,
from {{ ref('int_indicators__zone') }} as zones
left join typed on zones.zone_code = typed.zone_code
