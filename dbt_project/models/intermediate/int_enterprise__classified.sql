-- Every accepted enterprise of the year with its industry codes, and whether it counts in indicators.
with found as (
    select
        enterprises.load_id,
        enterprises.row_no,
        ancestry.* exclude (edition),
    from {{ ref('stg_accepted__enterprises') }} as enterprises
    inner join {{ ref('int_industry__ancestry') }} as ancestry
        on
            enterprises.industry_edition = ancestry.edition
            and enterprises.industry_code in (ancestry.code, ancestry.short_code)
    qualify
        row_number() over (
            partition by enterprises.load_id, enterprises.row_no
            order by ancestry.code != enterprises.industry_code, ancestry.code
        ) = 1
)

select
    enterprises.uscc,
    enterprises.enterprise_name,
    enterprises.industry_edition,
    coalesce(found.code, enterprises.industry_code) as industry_code,
    found.section_code,
    found.division_code,
    found.group_code,
    found.class_code,
    enterprises.district_code,
    enterprises.town_code,
    enterprises.registration_state,
    enterprises.established_date,
    enterprises.above_scale,
    enterprises.longitude,
    enterprises.latitude,
    coalesce(enterprises.registration_state not in ('注销', '吊销'), true) as is_counted,
from {{ ref('stg_accepted__enterprises') }} as enterprises
left join found on enterprises.load_id = found.load_id and enterprises.row_no = found.row_no
