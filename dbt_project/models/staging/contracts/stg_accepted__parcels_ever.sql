-- The district and zone of every parcel that was accepted up to the knowledge year, as last accepted.
select
    parcel_code,
    arg_max(district_code, data_year) as district_code,
    arg_max(coalesce(zone_code, ''), data_year) as zone_code,
from {{ source('accepted', 'parcels') }}
where data_year <= {{ eval_year() }}
group by parcel_code
