-- Every accepted enterprise of the year with its industry codes, and whether it counts in indicators.
with industries as (
    -- a code is found as it stands or, where no code stands so, without its letter
    select
        edition,
        code as written_code,
        code,
        section_code,
        division_code,
        group_code,
        class_code,
        1 as precedence,
    from {{ ref('int_industry__ancestry') }}
    union all
    select
        edition,
        short_code as written_code,
        code,
        section_code,
        division_code,
        group_code,
        class_code,
        2 as precedence,
    from {{ ref('int_industry__ancestry') }}
),

lookup as (
    select
        edition,
        written_code,
        code,
        section_code,
        division_code,
        group_code,
        class_code,
    from industries
    qualify row_number() over (partition by edition, written_code order by precedence, code) = 1
)

select
    enterprises.uscc,
    enterprises.enterprise_name,
    enterprises.industry_edition,
    coalesce(lookup.code, enterprises.industry_code) as industry_code,
    lookup.section_code,
    lookup.division_code,
    lookup.group_code,
    lookup.class_code,
    enterprises.district_code,
    enterprises.town_code,
    enterprises.registration_state,
    enterprises.established_date,
    enterprises.above_scale,
    enterprises.longitude,
    enterprises.latitude,
    coalesce(enterprises.registration_state not in ('注销', '吊销'), true) as is_counted,
from {{ ref('stg_accepted__enterprises') }} as enterprises
left join lookup
    on enterprises.industry_edition = lookup.edition and enterprises.industry_code = lookup.written_code
