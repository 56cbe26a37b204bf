-- Numerator, denominator and reason of every zone indicator, from the zone's own land survey. A land class that was
-- not reported leaves the sums that contain it missing.
select
    zone_code,
    zone_type,
    a1_ha,
    a2_ha,
    built_up_ha,
    supplied_ha,
    {{ indicator_parts(zone_indicators()) }}
from (
    select
        *,
        a1_ha + a2_ha + a31_ha + a32_ha + a4_ha + a51_ha + a52_ha + a6_ha as built_up_ha,
        b11_ha + b12_ha + b21_ha + b22_ha as not_built_ha,
        d1_ha + d21_ha + d22_ha as supplied_ha,
    from {{ ref('stg_accepted__zones') }}
) as zones
