with units as (
    select
        'parcel' as scale,
        parcel_code as unit_code,
        parcel_name as name_zh,
        district_code,
        town_code,
    from {{ ref('int_parcel__year') }}
    where is_industrial
    union all
    select
        'enterprise' as scale,
        uscc as unit_code,
        enterprise_name as name_zh,
        district_code,
        town_code,
    from {{ ref('int_enterprise__classified') }}
    where is_counted
    union all
    select
        'block' as scale,
        block_code as unit_code,
        cast(null as varchar) as name_zh,
        district_code,
        cast(null as varchar) as town_code,
    from {{ ref('int_block__year') }}
    union all
    select
        'zone' as scale,
        zone_code as unit_code,
        zone_name as name_zh,
        district_code,
        cast(null as varchar) as town_code,
    from {{ ref('stg_accepted__zones') }}
    union all
    select
        'district' as scale,
        district_code as unit_code,
        name_zh,
        district_code,
        cast(null as varchar) as town_code,
    from {{ ref('int_district__year') }}
    union all
    select
        'city' as scale,
        city_code as unit_code,
        name_zh,
        cast(null as varchar) as district_code,
        cast(null as varchar) as town_code,
    from {{ ref('stg_profile__settings') }}
    union all
    select
        'industry' as scale,
        units.industry_edition || ':' || units.industry_code as unit_code,
        industries.name_zh,
        cast(null as varchar) as district_code,
        cast(null as varchar) as town_code,
    from {{ ref('int_indicators__industry') }} as units
    left join {{ ref('stg_profile__industries') }} as industries
        on units.industry_edition = industries.edition and units.industry_code = industries.code
)

select
    scale,
    unit_code,
    {{ eval_year() }} as year,
    name_zh,
    district_code,
    town_code,
    {{ run_id() }} as run_id,
from units
