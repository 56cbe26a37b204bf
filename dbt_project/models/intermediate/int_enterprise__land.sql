-- Land of each counted enterprise: of each of its parcels the share that it has among all occupants.
{% set window = 'partition by parcel_code' %}
with based as (
    select
        parcel_code,
        uscc,
        floor_area_m2,
        land_area_m2,
        {{ share_basis(window) }} as share_basis,
    from {{ ref('int_pairing__shares') }}
),

occupied as (
    select
        parcel_code,
        uscc,
        {{ share_of('share_basis', window) }} as share_of_parcel,
    from based
)

select
    occupied.uscc,
    {{ exact_sum('parcels.site_area_m2 * occupied.share_of_parcel') }} as land_area_m2,
from occupied
inner join {{ ref('int_parcel__year') }} as parcels on occupied.parcel_code = parcels.parcel_code
group by occupied.uscc
