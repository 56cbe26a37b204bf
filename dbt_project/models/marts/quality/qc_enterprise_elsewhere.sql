-- Enterprises whose point lies in parcels, and in none of those that they declare.
with hits as (
    select
        hits.uscc,
        hits.parcel_code,
        declared.parcel_code is not null as is_declared,
    from {{ ref('int_pairing__declared_hits') }} as hits
    left join {{ ref('int_pairing__declared') }} as declared
        on hits.uscc = declared.uscc and hits.parcel_code = declared.parcel_code
),

elsewhere as (
    select
        uscc,
        min(parcel_code) as parcel_code,
    from hits
    group by uscc
    having not bool_or(is_declared)
),

declared as (
    select
        pairs.uscc,
        {{ texts_in_order('pairs.parcel_code', '、', 'pairs.parcel_code') }} as parcel_codes,
    from {{ ref('int_pairing__declared') }} as pairs
    semi join elsewhere on pairs.uscc = elsewhere.uscc
    group by pairs.uscc
)

select
    elsewhere.uscc,
    {{ eval_year() }} as year,
    elsewhere.parcel_code,
    declared.parcel_codes as declared_parcel_codes,
    format('{} not {}', elsewhere.parcel_code, declared.parcel_codes) as detail,
    format(
        '企业坐标在宗地{}内,而申报用地为宗地{};请核对经纬度或用地关系。', elsewhere.parcel_code, declared.parcel_codes
    ) as message_zh,
    {{ run_id() }} as run_id,
from elsewhere
inner join declared on elsewhere.uscc = declared.uscc
