-- A 宗地代码 of the national structure whose first six characters are no district that the parcel may lie in: neither its
-- district of the year nor a predecessor or successor of it.
select
    parcels.parcel_code,
    {{ eval_year() }} as year,
    parcels.district_code,
    substr(parcels.parcel_code, 1, 6) as code_district,
    format('{} / {}', substr(parcels.parcel_code, 1, 6), parcels.district_code) as detail,
    format(
        '宗地{}的代码前六位为{},与所在行政区{}不符,也不是其前身或继任行政区,请核对宗地代码或行政区代码。',
        parcels.parcel_code, substr(parcels.parcel_code, 1, 6), parcels.district_code
    ) as message_zh,
    {{ run_id() }} as run_id,
from {{ ref('int_parcel__year') }} as parcels
anti join {{ ref('int_district__lineage') }} as lineage
    on parcels.district_code = lineage.code and substr(parcels.parcel_code, 1, 6) = lineage.related_code
where
    regexp_full_match(parcels.parcel_code, '\d{12}[A-Z]{2}\d{5}([A-Z]\d{8})?')
    and regexp_full_match(parcels.district_code, '\d{6}')
