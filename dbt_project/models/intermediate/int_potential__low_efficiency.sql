-- Low-efficiency parcels with the area that can be released: the largest part of the site that a reason releases. What
-- polygons of two low-efficiency parcels have in common belongs to the smaller code.
with listed as (
    select
        parcel_code,
        {{ list_in_order('reason', 'rule_order') }} as reasons,
        {{ first_in_order('reason', 'release_share', 'rule_order') }} as main_reason,
        max(release_share) as release_share,
        bool_or(illustrative) as illustrative,
    from {{ ref('int_potential__parcel_reason') }}
    where is_met
    group by parcel_code
),

shared as (
    select
        pairs.other_parcel_code as parcel_code,
        {{ list_in_order('pairs.parcel_code', 'pairs.parcel_code') }} as shared_with,
        {{ exact_sum('pairs.overlap_area_m2') }} as overlap_area_m2,
    from {{ ref('int_parcel__meeting') }} as pairs
    inner join {{ ref('qc_limit') }} as limits
        on limits.check_code = 'overlap_area' and pairs.overlap_area_m2 > limits.limit_value
    inner join listed as one on pairs.parcel_code = one.parcel_code
    inner join listed as other on pairs.other_parcel_code = other.parcel_code
    group by pairs.other_parcel_code
),

areas as (
    select
        listed.*,
        parcels.district_code,
        parcels.town_code,
        parcels.zone_code,
        parcels.block_code,
        parcels.site_area_m2,
        coalesce(shared.shared_with, {{ list_of([]) }}) as shared_with,
        least(coalesce(shared.overlap_area_m2, 0.0), parcels.site_area_m2) as shared_area_m2,
    from listed
    inner join {{ ref('int_indicators__parcel') }} as parcels on listed.parcel_code = parcels.parcel_code
    left join shared on listed.parcel_code = shared.parcel_code
)

select
    parcel_code,
    district_code,
    town_code,
    zone_code,
    block_code,
    site_area_m2,
    reasons,
    main_reason,
    release_share,
    shared_area_m2,
    shared_with,
    (site_area_m2 - shared_area_m2) * release_share as releasable_area_m2,
    illustrative,
from areas
