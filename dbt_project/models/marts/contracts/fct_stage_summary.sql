-- The compiled results: how many evaluations of a stage each zone, else district, has in a year, by result.
select
    evaluations.evaluation_year,
    evaluations.stage,
    coalesce(agreements.zone_code, agreements.district_code, '') as compiled_by,
    case
        when agreements.zone_code is not null then 'zone'
        when agreements.district_code is not null then 'district'
        else 'unknown'
    end as compiled_by_scale,
    count(*) as evaluation_count,
    count(*) filter (where evaluations.result = '达标') as passed_count,
    count(*) filter (where evaluations.result = '不达标') as failed_count,
    count(*) filter (where evaluations.result = '待评') as pending_count,
    count(*) filter (where evaluations.first_result <> evaluations.result) as restated_count,
    {{ run_id() }} as run_id,
from {{ ref('int_contract__evaluations') }} as evaluations
inner join {{ ref('int_contract__agreements') }} as agreements on evaluations.agreement_no = agreements.agreement_no
group by
    evaluations.evaluation_year,
    evaluations.stage,
    agreements.zone_code,
    agreements.district_code
