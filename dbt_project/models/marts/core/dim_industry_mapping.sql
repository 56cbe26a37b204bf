-- What becomes of a division of one edition in the next; nothing is converted by it, the edition stays on each row.
select
    from_edition,
    from_code,
    to_edition,
    to_code,
    relation,
    share,
    source,
    {{ run_id() }} as run_id,
from {{ ref('industry_mapping') }}
