-- 宗地三年平均土地产出率: 近三年工业总产值的平均值与宗地面积之比 (land output of parcels over the last three published
-- years: mean output of the year and the two before it / site area of the year)
-- A parcel is followed by its code; split, merged and renumbered ones begin anew.
--
-- parcel_code: 宗地代码 (parcel)
-- year: 年度 (last of the three years)
-- years_counted: 三年中有产值的年数 (years of the three with an output)
-- output_mean_cny10k: 三年平均工业总产值, 万元 (mean output of the three years)
-- site_area_m2: 宗地面积, m2 (site area in year)
-- land_output_three_year_cny10k_per_ha: 三年平均土地产出率, 万元/ha (mean output / site area)
-- null_reason: 缺值原因 (too_few_years: fewer than three years are published; value_missing: one has no output)
-- run_id: 运行标识 (run of the year's row)
with counted as (
    select
        recent.parcel_code,
        recent.year,
        recent.site_area_m2,
        recent.run_id,
        count(*) as years_published,
        count(earlier.output_cny10k) as years_counted,
        cast(sum(cast(earlier.output_cny10k as decimal(38, 16))) as double) as output_cny10k,
    from marts.fct_parcel_year as recent
    inner join marts.fct_parcel_year as earlier
        on recent.parcel_code = earlier.parcel_code and earlier.year between recent.year - 2 and recent.year
    group by recent.parcel_code, recent.year, recent.site_area_m2, recent.run_id
),

judged as (
    select
        *,
        case
            when years_published < 3 then 'too_few_years'
            when years_counted < 3 then 'value_missing'
            when not coalesce(site_area_m2 > 0, false) then 'zero_denominator'
        end as null_reason,
    from counted
)

select
    parcel_code,
    year,
    years_counted,
    case when years_published = 3 and years_counted = 3 then output_cny10k / 3 end as output_mean_cny10k,
    site_area_m2,
    case
        when null_reason is null then output_cny10k / 3 / (site_area_m2 / 10000)
    end as land_output_three_year_cny10k_per_ha,
    null_reason,
    run_id,
from judged
