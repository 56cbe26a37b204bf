-- From which day an agreement's land is merged with land that is not its own.
with mergers as (
    select
        new_parcel_code,
        change_date,
        old_parcel_code,
        count(*) over (partition by new_parcel_code, change_date) as parents,
    from {{ ref('stg_accepted__parcel_changes') }}
    where kind = '合并'
),

-- a parcel that takes in another under its own code is a parent of itself
parents as (
    select
        new_parcel_code,
        change_date,
        old_parcel_code,
    from mergers
    union
    select
        new_parcel_code,
        change_date,
        new_parcel_code as old_parcel_code,
    from mergers
    where parents = 1
)

select
    lineage.agreement_no,
    min(parents.change_date) as merged_date,
from {{ ref('int_contract__lineage') }} as lineage
inner join {{ ref('stg_accepted__agreements') }} as agreements on lineage.agreement_no = agreements.agreement_no
inner join parents on lineage.parcel_code = parents.new_parcel_code
-- an agreement on a parcel that was made by merging before is on the whole of it
where
    coalesce(lineage.arrived, agreements.signed_date) <= parents.change_date
    and not exists (
        select own.agreement_no,
        from {{ ref('int_contract__lineage') }} as own
        where
            own.agreement_no = lineage.agreement_no
            and own.parcel_code = parents.old_parcel_code
            and (own.arrived is null or own.arrived < parents.change_date or own.parcel_code <> parents.new_parcel_code)
    )
group by lineage.agreement_no
