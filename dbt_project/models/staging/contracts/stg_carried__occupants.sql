-- Enterprises on the agreements' parcels in every evaluated year up to the knowledge year.
select
    parcel_code,
    uscc,
    year,
    share,
from {{ source('carried', 'occupant') }}
where year <= {{ eval_year() }}
