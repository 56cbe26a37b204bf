-- What stands on the land of agreements whose building stopped and was invested in it, year by year; NULL where a part
-- of the land is not known.
with stopped as (
    select distinct agreement_no,
    from {{ ref('int_contract__events') }}
    where event = '停工'
),

parts as (
    select
        land.agreement_no,
        land.year,
        land.is_divided,
        parcels.floor_area_m2,
        parcels.fixed_investment_cny10k,
        coalesce(parcels.land_price_cny10k, 0) as land_price_cny10k,
        parcels.parcel_code is not null as is_known,
        parcels.fixed_investment_cny10k is null and coalesce(parcels.enterprise_count, 1) > 0 as lacks_investment,
    from {{ ref('int_contract__land') }} as land
    semi join stopped on land.agreement_no = stopped.agreement_no
    left join {{ ref('stg_carried__parcel_years') }} as parcels
        on land.parcel_code = parcels.parcel_code and land.year = parcels.year
    where not land.is_merged
)

select
    agreement_no,
    year,
    floor_area_m2,
    fixed_investment_cny10k + land_price_cny10k as investment_cny10k,
from parts
where not is_divided
union all
select
    agreement_no,
    year,
    case when count(*) = count(floor_area_m2) then {{ exact_sum('floor_area_m2') }} end as floor_area_m2,
    case
        when bool_and(is_known) and count(fixed_investment_cny10k) > 0 and not bool_or(lacks_investment)
            then {{ exact_sum('fixed_investment_cny10k') }} + {{ exact_sum('land_price_cny10k') }}
    end as investment_cny10k,
from parts
where is_divided
group by agreement_no, year
