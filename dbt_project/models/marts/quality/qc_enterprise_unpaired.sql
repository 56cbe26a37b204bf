-- Counted enterprises that are on no parcel, with the parcels nearest to their point.
with ranked as (
    select
        uscc,
        parcel_code,
        distance_m,
        row_number() over (partition by uscc order by distance_m, parcel_code) as candidate_no,
    from {{ ref('int_pairing__candidates') }}
),

candidates as (
    select
        uscc,
        {{ list_in_order('parcel_code', 'candidate_no') }} as parcel_codes,
        {{ list_in_order('distance_m', 'candidate_no') }} as distances_m,
        {{ texts_in_order("format('{} {:.0f} m', parcel_code, distance_m)", '; ', 'candidate_no') }} as listed,
    from ranked
    where candidate_no <= {{ qc_limit_of('candidate_count') }}
    group by uscc
)

select
    enterprises.uscc,
    {{ eval_year() }} as year,
    enterprises.district_code,
    coalesce(enterprises.longitude is not null and enterprises.latitude is not null, false) as has_point,
    candidates.parcel_codes as candidate_parcel_codes,
    candidates.distances_m as candidate_distances_m,
    coalesce(candidates.listed, 'no candidate') as detail,
    case
        when candidates.uscc is not null
            then format('企业未与任何宗地配对;附近的宗地: {}。请补报用地关系。', candidates.listed)
        when enterprises.longitude is null or enterprises.latitude is null
            then '企业未与任何宗地配对,也没有坐标;请补报用地关系或经纬度。'
        else '企业未与任何宗地配对,附近也没有宗地;请核对经纬度或补报用地关系。'
    end as message_zh,
    {{ run_id() }} as run_id,
from {{ ref('int_enterprise__classified') }} as enterprises
anti join {{ ref('int_pairing__shares') }} as shares on enterprises.uscc = shares.uscc
left join candidates on enterprises.uscc = candidates.uscc
where enterprises.is_counted
