-- Town codes that the profile does not list, that are not valid in the year, or that belong to another district.
-- Districts of which the profile lists no town are not judged.
with named as (
    select
        'parcels' as dataset,
        parcel_code as unit_code,
        district_code,
        town_code,
    from {{ ref('int_parcel__year') }}
    where town_code is not null
    union all
    select
        'enterprises' as dataset,
        uscc as unit_code,
        district_code,
        town_code,
    from {{ ref('int_enterprise__classified') }}
    where town_code is not null
),

codes as (
    select
        code,
        bool_or(
            coalesce(valid_from_year, {{ eval_year() }}) <= {{ eval_year() }}
            and coalesce(valid_to_year, {{ eval_year() }}) >= {{ eval_year() }}
        ) as is_valid,
        {{ value_at_most('name_zh', 'coalesce(valid_to_year, 9999)') }} as name_zh,
        max(successor_code) as successor_code,
        min(district_code) as district_code,
    from {{ ref('stg_profile__towns') }}
    group by code
),

judged as (
    select
        named.dataset,
        named.unit_code,
        named.district_code,
        named.town_code,
        codes.name_zh,
        codes.successor_code,
        followers.name_zh as successor_name,
        case
            when codes.code is null then 'unknown'
            when not codes.is_valid then 'not_valid'
            else 'other_district'
        end as reason,
    from named
    semi join codes as listed on named.district_code = listed.district_code
    left join codes on named.town_code = codes.code
    left join codes as followers on codes.successor_code = followers.code
    anti join {{ ref('int_district__lineage') }} as lineage
        on codes.is_valid and named.district_code = lineage.code and codes.district_code = lineage.related_code
)

select
    dataset,
    unit_code,
    {{ eval_year() }} as year,
    district_code,
    town_code,
    reason,
    successor_code,
    format('{}: {}', reason, town_code) as detail,
    case reason
        when 'unknown' then format('{}:街镇代码{}不在{}年代码表中,请核对。', unit_code, town_code, {{ eval_year() }})
        when 'other_district'
            then format(
                '{}:街镇代码{}({})不属于行政区{},请核对。', unit_code, town_code, coalesce(name_zh, ''), district_code
            )
        else
            format('{}:街镇代码{}({})在{}年无效', unit_code, town_code, coalesce(name_zh, ''), {{ eval_year() }})
            || case
                when successor_code is null then ',请核对。'
                else format(',应改用{}({})。', successor_code, coalesce(successor_name, ''))
            end
    end as message_zh,
    {{ run_id() }} as run_id,
from judged
