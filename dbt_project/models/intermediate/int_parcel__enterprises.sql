-- Sums over the enterprises that occupy each parcel, each value times its share.
select
    parcel_code,
    count(*) as enterprise_count,
    {{ enterprise_sums() }}
from {{ ref('int_pairing__parts') }}
group by parcel_code
