-- 指标历年变化: 每个指标与上一年、与首个已发布年的比较 (each published indicator value of blocks, zones, districts,
-- the city and industries beside the previous year's and the first published year's, over all published years)
-- A district that took in others is compared with the sums of its predecessors' numerators and denominators;
-- indicators whose parts are growth ratios cannot be summed. previous_year is year - 1, where that is published.
--
-- scale: 尺度 (block, zone, district, city, industry)
-- unit_code: 单元代码 (unit)
-- year: 年度 (year)
-- indicator_code: 指标代码 (indicator)
-- value: 值 (value)
-- previous_year: 上一年 (the year before, where it is published)
-- previous_value: 上一年可比值 (its value within the boundaries of year)
-- growth_ratio: 比上一年增长 (growth on the previous year, a fraction)
-- base_year: 指数基年: 有可比值的首个已发布年 (first published year with a comparable value)
-- base_value: 基年可比值 (comparable value of that year)
-- index_to_base: 定基指数, 基年=100 (index against the base year)
-- growth_null_reason: 无增长率的原因 (why there is no growth, a code of the reasons in fct_indicator_value)
-- index_null_reason: 无指数的原因 (why there is no index)
-- run_id: 运行标识 (run of the year's row)
with published as (
    select
        scale,
        unit_code,
        year,
        indicator_code,
        value,
        null_reason,
        numerator,
        denominator,
        run_id,
    from marts.fct_indicator_value
    where scale in ('block', 'zone', 'district', 'city', 'industry')
),

-- a code in its last year, when its land is already another's, has no parcels
members as (
    select
        succession.unit_code,
        succession.year,
        published.year as from_year,
        published.indicator_code,
        published.unit_code as code,
        succession.is_split,
        published.value,
        published.null_reason,
        published.numerator,
        published.denominator,
    from published
    inner join marts.bridge_district_succession as succession
        on published.unit_code = succession.district_code and published.year <= succession.year
    semi join marts.bridge_district_succession as standing
        on published.unit_code = standing.unit_code and published.year = standing.year
    where published.scale = 'district'
),

summed as (
    select
        unit_code,
        year,
        from_year,
        indicator_code,
        count(*) as member_count,
        bool_or(is_split) as is_split,
        bool_and(numerator is not null and denominator is not null) as is_complete,
        cast(sum(cast(numerator as decimal(38, 16))) as double) as numerator,
        cast(sum(cast(denominator as decimal(38, 16))) as double) as denominator,
        max(value) as single_value,
        max(null_reason) as single_reason,
        regexp_matches(indicator_code, '_(elasticity|contribution|decline)_ratio$') as is_of_ratios,
    from members
    group by unit_code, year, from_year, indicator_code
),

judged as (
    select
        *,
        case
            when is_split then 'district_split'
            when member_count = 1 then single_reason
            when is_of_ratios then 'not_additive'
            when not is_complete then 'value_missing'
            when denominator = 0 or not isfinite(numerator / denominator) then 'zero_denominator'
        end as reason,
    from summed
),

comparable as (
    select
        'district' as scale,
        unit_code,
        year,
        from_year,
        indicator_code,
        case when reason is null then if(member_count = 1, single_value, numerator / denominator) end as value,
        reason,
    from judged
    union all
    select
        later.scale,
        later.unit_code,
        later.year,
        earlier.year as from_year,
        later.indicator_code,
        earlier.value,
        earlier.null_reason as reason,
    from published as later
    inner join published as earlier
        on
            later.scale = earlier.scale
            and later.unit_code = earlier.unit_code
            and later.indicator_code = earlier.indicator_code
            and later.year >= earlier.year
    where later.scale <> 'district'
),

firsts as (
    select
        scale,
        unit_code,
        year,
        indicator_code,
        min(from_year) as base_year,
        arg_min(value, from_year) as base_value,
    from comparable
    where value is not null
    group by scale, unit_code, year, indicator_code
),

compared as (
    select
        published.scale,
        published.unit_code,
        published.year,
        published.indicator_code,
        published.value,
        previous.from_year as previous_year,
        previous.value as previous_value,
        firsts.base_year,
        firsts.base_value,
        case
            when published.null_reason is not null then published.null_reason
            when previous.from_year is null then 'no_previous_year'
            when previous.reason is not null then previous.reason
            when previous.value < 0 then 'negative_base'
            when previous.value = 0 or not isfinite(published.value / previous.value) then 'zero_denominator'
        end as growth_null_reason,
        case
            when published.null_reason is not null then published.null_reason
            when firsts.base_value < 0 then 'negative_base'
            when firsts.base_value = 0 or not isfinite(published.value / firsts.base_value) then 'zero_denominator'
        end as index_null_reason,
        published.run_id,
    from published
    left join comparable as previous
        on
            published.scale = previous.scale
            and published.unit_code = previous.unit_code
            and published.indicator_code = previous.indicator_code
            and published.year = previous.year
            and published.year = previous.from_year + 1
    left join firsts
        on
            published.scale = firsts.scale
            and published.unit_code = firsts.unit_code
            and published.indicator_code = firsts.indicator_code
            and published.year = firsts.year
)

select
    scale,
    unit_code,
    year,
    indicator_code,
    value,
    previous_year,
    previous_value,
    case when growth_null_reason is null then (value - previous_value) / previous_value end as growth_ratio,
    base_year,
    base_value,
    case when index_null_reason is null then 100 * (value / base_value) end as index_to_base,
    growth_null_reason,
    index_null_reason,
    run_id,
from compared
