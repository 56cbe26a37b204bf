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
        town_code,
        cast(null as varchar) as name_zh,
        min(district_code) as district_code,
    from named
    where town_code is not null and town_code not in (select code from {{ ref('stg_profile__towns') }})
    group by town_code
)

select
    town_code,
    {{ eval_year() }} as year,
    name_zh,
    district_code,
    {{ run_id() }} as run_id,
from towns
