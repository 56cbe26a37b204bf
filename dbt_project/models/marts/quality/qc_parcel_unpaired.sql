-- Industrial parcels without any counted enterprise, with the enterprises nearest to them that are on no parcel.
with ranked as (
    select
        parcel_code,
        uscc,
        distance_m,
        row_number() over (partition by parcel_code order by distance_m, uscc) as candidate_no,
    from {{ ref('int_pairing__candidates') }}
),

candidates as (
    select
        parcel_code,
        {{ list_in_order('uscc', 'candidate_no') }} as usccs,
        {{ list_in_order('distance_m', 'candidate_no') }} as distances_m,
        {{ texts_in_order("format('{} {:.0f} m', uscc, distance_m)", '; ', 'candidate_no') }} as listed,
    from ranked
    where candidate_no <= {{ qc_limit_of('candidate_count') }}
    group by parcel_code
)

select
    parcels.parcel_code,
    {{ eval_year() }} as year,
    parcels.district_code,
    parcels.site_area_m2,
    candidates.usccs as candidate_usccs,
    candidates.distances_m as candidate_distances_m,
    coalesce(candidates.listed, 'no candidate') as detail,
    case
        when candidates.parcel_code is not null
            then format('工业宗地上没有企业;附近未配对的企业: {}。请核对用地关系。', candidates.listed)
        else '工业宗地上没有企业,附近也没有未配对的企业;请核实是否空置。'
    end as message_zh,
    {{ run_id() }} as run_id,
from {{ ref('int_parcel__year') }} as parcels
inner join {{ ref('int_run__loaded') }} as loaded on loaded.enterprises_loaded
anti join {{ ref('int_pairing__shares') }} as shares on parcels.parcel_code = shares.parcel_code
left join candidates on parcels.parcel_code = candidates.parcel_code
where parcels.is_industrial
