-- Towns valid in the year; a code that rows name beside them has its last known name, or none.
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

valid as (
    select
        code as town_code,
        min(name_zh) as name_zh,
        min(district_code) as district_code,
    from {{ ref('stg_profile__towns') }}
    where
        coalesce(valid_from_year, {{ eval_year() }}) <= {{ eval_year() }}
        and coalesce(valid_to_year, {{ eval_year() }}) >= {{ eval_year() }}
    group by code
),

towns as (
    select
        town_code,
        name_zh,
        district_code,
    from valid
    union all
    select
        named.town_code,
        {{ value_at_most('known.name_zh', 'coalesce(known.valid_to_year, 9999)') }} as name_zh,
        coalesce(min(known.district_code), min(named.district_code)) as district_code,
    from named
    anti join valid on named.town_code = valid.town_code
    left join {{ ref('stg_profile__towns') }} as known on named.town_code = known.code
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
