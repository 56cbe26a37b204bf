-- The district of every parcel that was ever accepted, as last accepted.
select
    parcel_code,
    arg_max(district_code, data_year) as district_code,
from {{ source('accepted', 'parcels') }}
group by parcel_code
