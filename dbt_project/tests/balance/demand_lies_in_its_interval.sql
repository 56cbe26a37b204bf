{{ config(severity='error', tags=['balance'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/forecast/land_demand.py.',
}) }}
-- A demand lies in its interval, leaves no land below 0, and a method that is not used says why.
select
    year,
    district_code,
    industry_code,
    scenario,
    method,
    land_ha,
    demand_ha,
    low_ha,
    high_ha,
    rejected_reason,
from {{ ref('fct_land_demand') }}
where
    low_ha > demand_ha + 1e-6
    or high_ha < demand_ha - 1e-6
    or land_ha < 0
    or not isfinite(demand_ha)
    or (used and demand_ha is null)
    or used <> (rejected_reason is null)
    or (demand_ha is not null and (low_ha is null) <> (interval_reason is not null))
