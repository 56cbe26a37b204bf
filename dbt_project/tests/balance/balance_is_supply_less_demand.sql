{{ config(severity='error', tags=['balance'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/forecast/land_balance.py.',
}) }}
-- A balance is the supply up to its year less the demand of the combination.
with supply as (
    select
        balance.base_year,
        balance.year,
        balance.district_code,
        balance.industry_code,
        balance.scenario,
        coalesce(sum(flows.area_ha), 0) as area_ha,
    from {{ ref('fct_land_balance') }} as balance
    left join {{ ref('fct_land_supply') }} as flows
        on
            balance.base_year = flows.base_year
            and balance.district_code = flows.district_code
            and balance.industry_code = flows.industry_code
            and balance.scenario = flows.scenario
            and balance.year >= flows.year
    group by all
)

select
    balance.base_year,
    balance.year,
    balance.district_code,
    balance.industry_code,
    balance.scenario,
    balance.supply_ha,
    balance.demand_ha,
    balance.balance_ha,
    supply.area_ha,
    demand.demand_ha as demand_of_combination_ha,
from {{ ref('fct_land_balance') }} as balance
inner join supply
    on
        balance.base_year = supply.base_year
        and balance.year = supply.year
        and balance.district_code = supply.district_code
        and balance.industry_code = supply.industry_code
        and balance.scenario = supply.scenario
left join {{ ref('fct_land_demand') }} as demand
    on
        balance.base_year = demand.base_year
        and balance.year = demand.year
        and balance.district_code = demand.district_code
        and balance.industry_code = demand.industry_code
        and balance.scenario = demand.scenario
        and demand.method = 'combination'
where
    abs(balance.supply_ha - supply.area_ha) > 1e-6
    or (balance.balance_ha is null and balance.lacking is null)
    or (balance.supply_ha is null and balance.lacking not like '%supply_missing%')
    or balance.demand_ha is distinct from demand.demand_ha
    or abs(balance.balance_ha - (balance.supply_ha - balance.demand_ha)) > 1e-6
    or (balance.balance_ha is null) <> (balance.demand_ha is null or balance.supply_ha is null)
