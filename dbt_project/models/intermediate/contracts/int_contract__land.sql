-- The parcels that make up an agreement's land in each evaluated year; its own parcel where a chain leads nowhere.
with lineage as (
    select
        *,
        arrived is null and left_date is null and count(*) over (partition by agreement_no) = 1 as is_unchanged,
    from {{ ref('int_contract__lineage') }}
),

-- most land never changes
unchanged as (
    select
        lineage.agreement_no,
        years.year,
        lineage.parcel_code,
    from lineage
    cross join {{ ref('stg_carried__years') }} as years
    where lineage.is_unchanged
),

standing as (
    select distinct
        lineage.agreement_no,
        years.year,
        lineage.parcel_code,
    from lineage
    cross join {{ ref('stg_carried__years') }} as years
    where
        not lineage.is_unchanged
        and (lineage.arrived is null or year(lineage.arrived) <= years.year)
        and (lineage.left_date is null or year(lineage.left_date) > years.year)
),

leading_nowhere as (
    select
        agreements.agreement_no,
        years.year,
        agreements.parcel_code,
    from {{ ref('stg_accepted__agreements') }} as agreements
    anti join lineage on agreements.agreement_no = lineage.agreement_no and lineage.is_unchanged
    cross join {{ ref('stg_carried__years') }} as years
    anti join standing on agreements.agreement_no = standing.agreement_no and years.year = standing.year
),

land as (
    select
        agreement_no,
        year,
        parcel_code,
        false as is_divided,
    from unchanged
    union all
    select
        agreement_no,
        year,
        parcel_code,
        count(*) over (partition by agreement_no, year) > 1 as is_divided,
    from standing
    union all
    select
        agreement_no,
        year,
        parcel_code,
        false as is_divided,
    from leading_nowhere
)

select
    land.agreement_no,
    land.year,
    land.parcel_code,
    land.is_divided,
    coalesce(year(mergers.merged_date) <= land.year, false) as is_merged,
from land
left join {{ ref('int_contract__mergers') }} as mergers on land.agreement_no = mergers.agreement_no
