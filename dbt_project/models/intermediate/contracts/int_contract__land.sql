-- The parcels that make up an agreement's land in each evaluated year; its own parcel where a chain leads nowhere.
with standing as (
    select
        lineage.agreement_no,
        years.year,
        lineage.parcel_code,
    from {{ ref('int_contract__lineage') }} as lineage
    cross join {{ ref('stg_carried__years') }} as years
    where
        (lineage.arrived is null or year(lineage.arrived) <= years.year)
        and (lineage.left_date is null or year(lineage.left_date) > years.year)
),

land as (
    select distinct
        agreement_no,
        year,
        parcel_code,
    from standing
    union all
    select
        agreements.agreement_no,
        years.year,
        agreements.parcel_code,
    from {{ ref('stg_accepted__agreements') }} as agreements
    cross join {{ ref('stg_carried__years') }} as years
    anti join standing on agreements.agreement_no = standing.agreement_no and years.year = standing.year
)

select
    land.agreement_no,
    land.year,
    land.parcel_code,
    coalesce(year(mergers.merged_date) <= land.year, false) as is_merged,
from land
left join {{ ref('int_contract__mergers') }} as mergers on land.agreement_no = mergers.agreement_no
