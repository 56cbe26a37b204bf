-- Each industry code with its section, division, group and class; `short_code` is the code without its letter.
with recursive ancestry as (
    select
        edition,
        code,
        code as ancestor,
        level as ancestor_level,
        parent_code,
        1 as step,
    from {{ ref('stg_profile__industries') }}
    union all
    select
        ancestry.edition,
        ancestry.code,
        parent.code as ancestor,
        parent.level as ancestor_level,
        parent.parent_code,
        ancestry.step + 1 as step,
    from ancestry
    inner join {{ ref('stg_profile__industries') }} as parent
        on ancestry.edition = parent.edition and ancestry.parent_code = parent.code
    where ancestry.step < 8
)

select
    edition,
    code,
    case when regexp_full_match(code, '[A-Z]\d+') then substr(code, 2) else code end as short_code,
    max(ancestor) filter (where ancestor_level = 1) as section_code,
    max(ancestor) filter (where ancestor_level = 2) as division_code,
    max(ancestor) filter (where ancestor_level = 3) as group_code,
    max(ancestor) filter (where ancestor_level = 4) as class_code,
from ancestry
group by edition, code
