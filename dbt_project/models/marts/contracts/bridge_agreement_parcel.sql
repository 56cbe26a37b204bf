-- The parcels that an agreement's parcel has become: renumbered, split, merged, in any chain.
select
    lineage.agreement_no,
    cast(row_number() over (
        partition by lineage.agreement_no order by lineage.arrived nulls first, lineage.parcel_code
    ) as integer) as seq_no,
    lineage.parcel_code,
    lineage.arrived as arrived_date,
    lineage.left_date,
    mergers.merged_date,
    parcels.district_code,
    {{ run_id() }} as run_id,
from {{ ref('int_contract__lineage') }} as lineage
left join {{ ref('int_contract__mergers') }} as mergers on lineage.agreement_no = mergers.agreement_no
left join {{ ref('stg_accepted__parcels_ever') }} as parcels on lineage.parcel_code = parcels.parcel_code
