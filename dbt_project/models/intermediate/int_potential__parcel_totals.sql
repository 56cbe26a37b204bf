-- The releasable area of districts and the city by reason: each parcel stands under the one reason that releases most
-- of it, so the reasons add up. NULL where no parcel could be judged by a reason; `missing_count` counts those that
-- could not.
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

judged as (
    select
        if(grouping(reasons.district_code) = 1, 'city', 'district') as scale,
        reasons.district_code,
        reasons.reason,
        count(*) as unit_count,
        count(reasons.null_reason) as missing_count,
        {{ value_at_least('reasons.null_reason', 'catalogue.precedence') }} as null_reason,
        coalesce(bool_or(reasons.illustrative) filter (where reasons.is_met), false) as illustrative,
    from {{ ref('int_potential__parcel_reason') }} as reasons
    left join {{ ref('null_reason') }} as catalogue on reasons.null_reason = catalogue.null_reason
    group by grouping sets ((reasons.district_code, reasons.reason), (reasons.reason))
),

released as (
    select
        if(grouping(district_code) = 1, 'city', 'district') as scale,
        district_code,
        main_reason as reason,
        {{ exact_sum('releasable_area_m2') }} as area_m2,
    from {{ ref('int_potential__low_efficiency') }}
    group by grouping sets ((district_code, main_reason), (main_reason))
),

totals as (
    select
        units.scale,
        units.unit_code,
        units.district_code,
        rules.reason,
        rules.name_zh,
        rules.source,
        rules.illustrative or coalesce(judged.illustrative, false) as illustrative,
        coalesce(judged.unit_count, 0) as unit_count,
        coalesce(judged.missing_count, 0) as missing_count,
        case when judged.missing_count = judged.unit_count then judged.null_reason end as null_reason,
        coalesce(released.area_m2, 0) as area_m2,
    from units
    cross join {{ ref('low_efficiency_rule') }} as rules
    left join judged
        on
            units.scale = judged.scale
            and units.district_code is not distinct from judged.district_code
            and rules.reason = judged.reason
    left join released
        on
            units.scale = released.scale
            and units.district_code is not distinct from released.district_code
            and rules.reason = released.reason
)

select
    scale,
    unit_code,
    district_code,
    'low_efficiency_' || reason as potential,
    case when null_reason is null then {{ ha('area_m2') }} end as area_ha,
    null_reason,
    unit_count,
    missing_count,
    '低效工业宗地可释放面积, 每宗地只计入释放最多的一项原因: ' || name_zh as basis,
    source,
    illustrative,
from totals
