{{ config(severity='error', tags=['balance'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/forecast/demand.py.',
}) }}
-- A demand lies in its interval, and a method that is not used says why and gives no number.
select
    year,
    district_code,
    industry_code,
    scenario,
    method,
    demand_ha,
    low_ha,
    high_ha,
    rejected_reason,
from {{ ref('fct_land_demand') }}
where
    low_ha > demand_ha
    or high_ha < demand_ha
    or used <> (demand_ha is not null)
    or used <> (rejected_reason is null)
