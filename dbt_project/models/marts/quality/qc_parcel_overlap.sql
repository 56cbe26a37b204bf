-- Parcels that overlap by more than the limit, in m2 of the city's projected system.
select
    pairs.parcel_code,
    pairs.other_parcel_code,
    {{ eval_year() }} as year,
    pairs.overlap_area_m2,
    format('{:.1f} m2', pairs.overlap_area_m2) as detail,
    format(
        '宗地{}与宗地{}重叠{:.1f}平方米,请核对界址。',
        pairs.parcel_code, pairs.other_parcel_code, pairs.overlap_area_m2
    ) as message_zh,
    {{ run_id() }} as run_id,
from {{ ref('int_parcel__meeting') }} as pairs
inner join {{ ref('qc_limit') }} as limits
    on limits.check_code = 'overlap_area' and pairs.overlap_area_m2 > limits.limit_value
