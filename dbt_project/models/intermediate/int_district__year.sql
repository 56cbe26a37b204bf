-- The districts of the year: valid in the profile, and any that accepted rows name.
with named as (
    select district_code,
    from {{ ref('int_parcel__year') }}
    union
    select district_code,
    from {{ ref('int_enterprise__classified') }}
    union
    select district_code,
    from {{ ref('stg_accepted__zones') }}
    union
    select code as district_code,
    from {{ ref('stg_profile__districts') }}
    where valid_from_year <= {{ eval_year() }} and coalesce(valid_to_year, 9999) >= {{ eval_year() }}
)

select
    named.district_code,
    {{ value_at_most('districts.name_zh', 'districts.valid_from_year') }} as name_zh,
from named
left join {{ ref('stg_profile__districts') }} as districts
    on named.district_code = districts.code and districts.valid_from_year <= {{ eval_year() }}
where named.district_code is not null
group by named.district_code
