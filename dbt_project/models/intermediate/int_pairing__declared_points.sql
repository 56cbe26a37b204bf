-- Positions of counted enterprises that have a declared pair in the year.
select
    enterprises.uscc,
    enterprises.longitude,
    enterprises.latitude,
from {{ ref('int_enterprise__classified') }} as enterprises
semi join {{ ref('int_pairing__declared') }} as declared on enterprises.uscc = declared.uscc
where enterprises.longitude is not null and enterprises.latitude is not null
