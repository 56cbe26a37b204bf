-- Each district code with itself, its successors and its predecessors, however many steps away.
with recursive steps as (
    select distinct
        code,
        successor_code,
    from {{ ref('stg_profile__districts') }}
    where successor_code is not null
),

followed as (
    select
        code,
        successor_code as later_code,
    from steps
    union
    select
        followed.code,
        steps.successor_code as later_code,
    from followed
    inner join steps on followed.later_code = steps.code
)

select
    code,
    code as related_code,
from {{ ref('stg_profile__districts') }}
union
select
    code,
    later_code as related_code,
from followed
union
select
    later_code as code,
    code as related_code,
from followed
