-- Each industrial parcel under each rule: whether it is met, the measured value and the limit, and the part of the site
-- that is released. A rule with an indicator asks for at least the limit; the others are facts of the parcel. `is_met`
-- is NULL, with a reason, where what the rule looks at is missing: missing is not low.
with parcels as (
    select
        parcels.parcel_code,
        parcels.district_code,
        parcels.enterprise_count,
        case
            when buildings.parcel_code is not null then coalesce(buildings.building_count, 0)
            when parcels.counted_floor_area_m2 is not null then 0 -- its district has a register
        end as building_count,
        conditions.use_state,
        conditions.term_end_date,
        {{ indicator_values(parcel_indicators()) }},
        {%- for spec in parcel_indicators() %}
        parcels.{{ spec.code }}__reason,
        {%- endfor %}
    from {{ ref('int_indicators__parcel') }} as parcels
    left join {{ ref('int_parcel__buildings') }} as buildings on parcels.parcel_code = buildings.parcel_code
    left join {{ ref('stg_accepted__parcels') }} as conditions on parcels.parcel_code = conditions.parcel_code
),

looked_at as (
    select
        parcels.parcel_code,
        parcels.district_code,
        rules.rule_order,
        rules.reason,
        rules.indicator_code,
        rules.releases,
        case
            when rules.reason = 'vacant' then parcels.enterprise_count + parcels.building_count
            {%- for spec in parcel_indicators() %}
            when rules.indicator_code = '{{ spec.code }}' then parcels.{{ spec.code }}
            {%- endfor %}
        end as actual_value,
        case rules.reason
            when 'idle' then parcels.use_state
            when 'expired' then cast(parcels.term_end_date as varchar)
        end as actual_text,
        case rules.reason
            when 'idle' then rules.use_states
            when 'expired' then cast({{ as_of_date() }} as varchar)
        end as limit_text,
        limits.limit_value * coalesce(rules.limit_share, 1) as limit_value,
        limits.limit_basis,
        coalesce(limits.source, rules.source) as source,
        rules.illustrative or coalesce(limits.illustrative, false) as illustrative,
        case rules.reason
            when 'vacant' then parcels.enterprise_count = 0 and parcels.building_count = 0
            when 'idle' then list_contains(string_split(rules.use_states, '|'), parcels.use_state)
            when 'expired' then parcels.term_end_date < {{ as_of_date() }}
        end as is_fact,
        coalesce(
            list_contains(string_split(rules.except_use_states, '|'), parcels.use_state), false
        ) as is_excepted,
        case
            {%- for spec in parcel_indicators() %}
            when rules.indicator_code = '{{ spec.code }}'
                then coalesce(parcels.{{ spec.code }}__reason, 'no_ideal_value')
            {%- endfor %}
            when rules.reason = 'vacant' then 'register_not_loaded'
            else 'value_missing'
        end as reason_if_unknown,
    from parcels
    cross join {{ ref('low_efficiency_rule') }} as rules
    left join {{ ref('int_potential__parcel_limit') }} as limits
        on parcels.parcel_code = limits.parcel_code and rules.indicator_code = limits.indicator_code
),

judged as (
    select
        *,
        case when indicator_code is null then is_fact else actual_value < limit_value end and not is_excepted as is_met,
    from looked_at
)

select
    parcel_code,
    district_code,
    rule_order,
    reason,
    indicator_code,
    actual_value,
    actual_text,
    limit_value,
    limit_text,
    limit_basis,
    source,
    illustrative,
    is_met,
    case
        when not is_met then 0.0
        when is_met and (releases = 'site' or limit_value is null) then 1.0
        when is_met then least(greatest(1 - actual_value / nullif(limit_value, 0), 0.0), 1.0)
    end as release_share,
    case when is_met is null then reason_if_unknown end as null_reason,
from judged
