-- What stands on the land of agreements whose building stopped and was invested in it, year by year; NULL where a part
-- of the land is not known.
with stopped as (
    select distinct agreement_no,
    from {{ ref('int_contract__events') }}
    where event = '停工'
)

select
    land.agreement_no,
    land.year,
    case when count(*) = count(parcels.floor_area_m2) then {{ exact_sum('parcels.floor_area_m2') }} end
        as floor_area_m2,
    case
        when
            count(*) = count(parcels.parcel_code)
            and count(parcels.fixed_investment_cny10k) > 0
            and count(*) filter (
                where parcels.fixed_investment_cny10k is null and coalesce(parcels.enterprise_count, 1) > 0
            ) = 0
            then
                {{ exact_sum('parcels.fixed_investment_cny10k') }}
                + {{ exact_sum('coalesce(parcels.land_price_cny10k, 0)') }}
    end as investment_cny10k,
from {{ ref('int_contract__land') }} as land
semi join stopped on land.agreement_no = stopped.agreement_no
left join {{ ref('stg_carried__parcel_years') }} as parcels
    on land.parcel_code = parcels.parcel_code and land.year = parcels.year
group by land.agreement_no, land.year
having not bool_or(land.is_merged)
