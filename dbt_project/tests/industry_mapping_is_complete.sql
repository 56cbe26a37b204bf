{{ config(severity='error', tags=['indicators'], meta={
    'owner': '政策维护 (policy)', 'next_step': 'Complete seeds/policy/industry_mapping.csv from the standard.',
}) }}
-- Each division of an edition that is mapped leads somewhere, to a division that exists, and what is the same or
-- renamed is one-to-one.
with mapped as (
    select
        *,
        count(*) over (partition by from_edition, to_edition, from_code) as targets,
        count(*) over (partition by from_edition, to_edition, to_code) as sources,
    from {{ ref('industry_mapping') }}
),

divisions as (
    select
        edition,
        code,
    from {{ ref('industry') }}
    where level = 2
)

select
    divisions.edition,
    divisions.code,
    'leads nowhere' as fault,
from divisions
semi join mapped as editions on divisions.edition = editions.from_edition
anti join mapped on divisions.edition = mapped.from_edition and divisions.code = mapped.from_code
union all
select
    divisions.edition,
    divisions.code,
    'comes from nowhere' as fault,
from divisions
semi join mapped as editions on divisions.edition = editions.to_edition
anti join mapped on divisions.edition = mapped.to_edition and divisions.code = mapped.to_code
union all
select
    mapped.to_edition as edition,
    mapped.to_code as code,
    'does not exist' as fault,
from mapped
anti join divisions on mapped.to_edition = divisions.edition and mapped.to_code = divisions.code
union all
select
    mapped.from_edition as edition,
    mapped.from_code as code,
    'does not exist' as fault,
from mapped
anti join divisions on mapped.from_edition = divisions.edition and mapped.from_code = divisions.code
union all
select
    from_edition as edition,
    from_code as code,
    'relation does not fit' as fault,
from mapped
where
    relation is distinct from case
        when targets = 1 and sources = 1 then if(relation = 'renamed', 'renamed', 'same')
        when sources = 1 then 'split'
        when targets = 1 then 'merged'
        else 'part'
    end
