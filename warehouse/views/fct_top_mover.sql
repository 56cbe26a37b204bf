-- 升降幅最大的单元: 各年度、方案、尺度得分升幅与降幅最大的单元及原因 (units whose scores rose and fell most since the year
-- before, by scheme and scale, with what moved them; how many: top_movers in dim_scoring_setting)
-- Units with equal changes share a place and are all listed. The cause is the effect that is greatest in the direction
-- of the change; where it is the data, the indicator is the one whose contribution moved most in that direction
-- (weights and ideal values move contributions too). Equal ones: data before ideal_value before weight, then by code.
--
-- scale: 尺度 (parcel, enterprise, block, zone, district, city)
-- scheme_code: 方案代码 (scheme)
-- scheme_version: 方案版本 (version of the scheme in the year)
-- year: 年度 (year)
-- direction: 升降 (rise, fall)
-- place: 位次 (1 = the greatest change in this direction)
-- tied_units: 并列单元数 (units that share the place, this one included)
-- unit_code: 单元代码 (unit)
-- score: 得分 (score of the year)
-- previous_score: 上年得分 (score of the year before)
-- score_change: 得分变化 (score less previous score)
-- cause: 主因 (data, ideal_value, weight; NULL = the change could not be split)
-- cause_effect: 主因影响 (effect of the cause, in points)
-- indicator_code: 指标代码 (the indicator, or points beside the indicators, that moved most; only where cause is data)
-- previous_value: 上年指标值 (its value in the year before; NULL = missing, or points)
-- value: 本年指标值 (its value in the year; NULL = missing, or points)
-- previous_contribution: 上年贡献分 (its part of the score of the year before; NULL = none)
-- contribution: 本年贡献分 (its part of the score; NULL = none)
-- no_effect_reason: 无影响分解的原因 (why there is no cause, as in fct_score_change)
-- previous_run_id: 上年运行标识 (run of the year before)
-- run_id: 运行标识 (run of the year's row)
with limits as (
    select max(value) as units,
    from marts.dim_scoring_setting
    where setting = 'top_movers'
),

moved as (
    select
        *,
        if(score_change > 0, 'rise', 'fall') as direction,
        sign(score_change) as way,
    from marts.fct_score_change
    where score_change <> 0
),

placed as (
    select
        *,
        rank() over (
            partition by scale, scheme_code, year, direction
            order by abs(score_change) desc
        ) as place,
        count(*) over (partition by scale, scheme_code, year, score_change) as tied_units,
    from moved
),

movers as (
    select
        placed.*,
        case
            when placed.no_effect_reason is not null then null
            when
                placed.data_effect * placed.way
                >= greatest(placed.ideal_effect * placed.way, placed.weight_effect * placed.way) then 'data'
            when placed.ideal_effect * placed.way >= placed.weight_effect * placed.way then 'ideal_value'
            else 'weight'
        end as cause,
    from placed
    inner join limits on placed.place <= limits.units
),

parts as (
    select
        movers.scale,
        movers.scheme_code,
        movers.year,
        movers.unit_code,
        movers.way,
        items.indicator_code,
        items.year = movers.year as is_now,
        items.value,
        items.contribution,
    from movers
    inner join marts.fct_score_component as items
        on
            movers.scale = items.scale
            and movers.scheme_code = items.scheme_code
            and movers.unit_code = items.unit_code
            and items.year in (movers.year, movers.year - 1)
    where movers.cause = 'data'
),

paired as (
    select
        scale,
        scheme_code,
        year,
        unit_code,
        way,
        indicator_code,
        max(value) filter (where not is_now) as previous_value,
        max(value) filter (where is_now) as value,
        max(contribution) filter (where not is_now) as previous_contribution,
        max(contribution) filter (where is_now) as contribution,
    from parts
    group by scale, scheme_code, year, unit_code, way, indicator_code
),

causes as (
    select *,
    from paired
    qualify
        row_number() over (
            partition by scale, scheme_code, year, unit_code
            order by (coalesce(contribution, 0) - coalesce(previous_contribution, 0)) * way desc, indicator_code asc
        ) = 1
)

select
    movers.scale,
    movers.scheme_code,
    movers.scheme_version,
    movers.year,
    movers.direction,
    movers.place,
    movers.tied_units,
    movers.unit_code,
    movers.score,
    movers.previous_score,
    movers.score_change,
    movers.cause,
    case movers.cause
        when 'data' then movers.data_effect when 'ideal_value' then movers.ideal_effect
        when 'weight' then movers.weight_effect
    end as cause_effect,
    causes.indicator_code,
    causes.previous_value,
    causes.value,
    causes.previous_contribution,
    causes.contribution,
    movers.no_effect_reason,
    movers.previous_run_id,
    movers.run_id,
from movers
left join causes
    on
        movers.scale = causes.scale
        and movers.scheme_code = causes.scheme_code
        and movers.year = causes.year
        and movers.unit_code = causes.unit_code
