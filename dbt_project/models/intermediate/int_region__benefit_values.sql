-- Each benefit indicator of each region and year, standardised. An indicator without spread, or without any value, says
-- nothing and is not used; one with an ideal value is measured against it.
with figures as (
    select
        scale,
        unit_code,
        year,
        measure_code,
        value,
    from {{ ref('int_region__figures') }}
    where year = from_year
),

ratios as (
    select
        figures.scale,
        figures.unit_code,
        figures.year,
        benefits.benefit_code,
        benefits.direction,
        benefits.ideal_value,
        case
            when benefits.denominator_measure is null then figures.value
            when isfinite(figures.value / divisors.value) then figures.value / divisors.value
        end as value,
    from {{ ref('benefit_indicator') }} as benefits
    inner join figures on benefits.numerator_measure = figures.measure_code
    left join figures as divisors
        on
            benefits.denominator_measure = divisors.measure_code
            and figures.scale = divisors.scale
            and figures.unit_code = divisors.unit_code
            and figures.year = divisors.year
            and divisors.value != 0
),

spreads as (
    select
        *,
        min(value) over (partition by benefit_code) as lowest,
        max(value) over (partition by benefit_code) as highest,
    from ratios
)

select
    scale,
    unit_code,
    year,
    benefit_code,
    value,
    coalesce(lowest is not null and (ideal_value is not null or highest > lowest), false) as is_used,
    case
        when value is null then null
        when ideal_value is not null and direction = 'positive'
            then greatest(0, least(1, value / nullif(ideal_value, 0)))
        when ideal_value is not null then if(value > 0, greatest(0, least(1, ideal_value / value)), 1)
        when highest > lowest and direction = 'positive' then (value - lowest) / (highest - lowest)
        when highest > lowest then (highest - value) / (highest - lowest)
    end as standardised,
from spreads
