-- The zone's type is that of the first rule that holds; an unknown share leaves it NULL.
with shares as (
    select
        zone_code,
        zone_type,
        a2_ha / nullif(built_up_ha, 0) as industrial_share,
        a1_ha / nullif(built_up_ha, 0) as housing_share,
    from {{ ref('int_indicators__zone') }}
),

typed as (
    select
        shares.zone_code,
        rules.zone_type_evaluated,
    from shares
    inner join {{ ref('zone_type_rule') }} as rules
        on
            shares.zone_type = rules.zone_type
            or (
                rules.zone_type is null
                and shares.industrial_share + shares.housing_share is not null
                and shares.industrial_share > coalesce(rules.industrial_share_above, -1)
                and shares.industrial_share <= coalesce(rules.industrial_share_up_to, 1)
                and shares.housing_share < coalesce(rules.housing_share_below, 2)
                and shares.housing_share >= coalesce(rules.housing_share_from, 0)
            )
    qualify row_number() over (partition by shares.zone_code order by rules.rule_order) = 1
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
