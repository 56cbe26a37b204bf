-- Indicator values of the agreements' parcels in every evaluated year up to the knowledge year.
select
    parcel_code,
    year,
    indicator_code,
    numerator,
    denominator,
    value,
    null_reason,
from {{ source('carried', 'parcel_value') }}
where year <= {{ eval_year() }}
