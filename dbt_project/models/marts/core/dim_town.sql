with named as (
    select
        town_code,
        district_code,
    from {{ ref('int_parcel__year') }}
    union all
    select
        town_code,
        district_code,
    from {{ ref('int_enterprise__classified') }}
),

towns as (
    select
        code as town_code,
        name_zh,
        district_code,
    from {{ ref('stg_profile__towns') }}
    union all
    select
        named.town_code,
        cast(null as varchar) as name_zh,
        min(named.district_code) as district_code,
    from named
    anti join {{ ref('stg_profile__towns') }} as known on named.town_code = known.code
    where named.town_code is not null
    group by named.town_code
)

select
    town_code,
    {{ eval_year() }} as year,
    name_zh,
    district_code,
    {{ run_id() }} as run_id,
from towns
