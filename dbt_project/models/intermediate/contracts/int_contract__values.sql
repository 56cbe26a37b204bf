-- The marts' figures of an agreement's land in every evaluated year, of the indicators that it has targets for.
-- Parts of a parcel that was split are summed; a part without an enterprise adds its land and nothing else.
with wanted as (
    select distinct
        agreement_no,
        indicator_code,
    from {{ ref('int_contract__targets') }}
    where comparison <> '符合'
),

land as (
    select
        agreement_no,
        year,
        parcel_code,
        is_divided,
    from {{ ref('int_contract__land') }}
    where not is_merged
),

whole as (
    select
        land.agreement_no,
        land.year,
        carried.indicator_code,
        carried.numerator,
        carried.denominator,
        carried.value,
        carried.null_reason,
    from land
    inner join {{ ref('stg_carried__parcel_values') }} as carried
        on land.parcel_code = carried.parcel_code and land.year = carried.year
    semi join wanted on land.agreement_no = wanted.agreement_no and carried.indicator_code = wanted.indicator_code
    where not land.is_divided
),

summed as (
    select
        land.agreement_no,
        land.year,
        wanted.indicator_code,
        {{ exact_sum('carried.numerator') }} as numerator,
        {{ exact_sum('carried.denominator') }} as denominator,
        case
            when count(*) > count(carried.parcel_code) then 'parcel_not_evaluated'
            else coalesce(
                min(carried.null_reason) filter (
                    where carried.null_reason not in ('no_enterprise', 'zero_denominator')
                ),
                case when count(carried.numerator) = 0 then min(carried.null_reason) end
            )
        end as null_reason,
    from land
    inner join wanted on land.agreement_no = wanted.agreement_no
    left join {{ ref('stg_carried__parcel_values') }} as carried
        on
            land.parcel_code = carried.parcel_code
            and land.year = carried.year
            and wanted.indicator_code = carried.indicator_code
    where land.is_divided
    group by land.agreement_no, land.year, wanted.indicator_code
)

select
    agreement_no,
    year,
    indicator_code,
    case when null_reason is null then numerator end as numerator,
    case when null_reason is null then denominator end as denominator,
    value,
    null_reason,
from whole
union all
select
    agreement_no,
    year,
    indicator_code,
    case when null_reason is null then numerator end as numerator,
    case when null_reason is null then denominator end as denominator,
    case when null_reason is null and denominator <> 0 then numerator / denominator end as value,
    case when null_reason is null and denominator = 0 then 'zero_denominator' else null_reason end as null_reason,
from summed
