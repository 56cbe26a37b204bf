-- Thin overlaps and thin gaps between neighbours: long, and narrower on average than the limit.
with strips as (
    select
        parcel_code,
        other_parcel_code,
        'overlap' as kind,
        overlap_area_m2 as area_m2,
        overlap_length_m as length_m,
    from {{ ref('int_parcel__meeting') }}
    where overlap_area_m2 > 0
    union all
    select
        parcel_code,
        other_parcel_code,
        'gap' as kind,
        gap_area_m2 as area_m2,
        gap_length_m as length_m,
    from {{ ref('int_parcel__meeting') }}
    where gap_area_m2 > 0
)

select
    parcel_code,
    other_parcel_code,
    {{ eval_year() }} as year,
    kind,
    area_m2,
    length_m,
    area_m2 / length_m as mean_width_m,
    format('{}: {:.1f} m2, {:.1f} m x {:.2f} m', kind, area_m2, length_m, area_m2 / length_m) as detail,
    format(
        '宗地{}与宗地{}之间有狭长{},长约{:.1f}米、平均宽{:.2f}米,请核对界址点。',
        parcel_code, other_parcel_code, if(kind = 'gap', '缝隙', '重叠'), length_m, area_m2 / length_m
    ) as message_zh,
    {{ run_id() }} as run_id,
from strips
where
    area_m2 / length_m < {{ qc_limit_of('sliver_width') }}
    and length_m >= {{ qc_limit_of('sliver_length') }}
    and area_m2 >= {{ qc_limit_of('sliver_area') }}
