{{ config(severity='error', tags=['balance'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/forecast/land_supply.py.',
}) }}
-- A parcel counts once in a scenario, under its code or one before or after it, and nothing comes from one that left.
with counted as (
    select
        base_year,
        scenario,
        item_id,
        parcel_code,
    from {{ ref('fct_land_supply_item') }}
    where counted and parcel_code is not null
)

select
    items.base_year,
    items.scenario,
    items.item_id,
    twins.item_id as other_item_id,
from counted as items
inner join counted as twins
    on
        items.base_year = twins.base_year
        and items.scenario = twins.scenario
        and items.parcel_code = twins.parcel_code
        and items.item_id < twins.item_id
union all
select
    items.base_year,
    items.scenario,
    items.item_id,
    twins.item_id as other_item_id,
from counted as items
inner join {{ ref('stg_accepted__parcel_changes') }} as changes on items.parcel_code = changes.old_parcel_code
inner join counted as twins
    on
        items.base_year = twins.base_year
        and items.scenario = twins.scenario
        and changes.new_parcel_code = twins.parcel_code
        and items.item_id <> twins.item_id
union all
select
    base_year,
    scenario,
    item_id,
    duplicate_of as other_item_id,
from {{ ref('fct_land_supply_item') }}
where
    cut_ha < 0
    or overlap_ha < 0
    or (not counted and (effective_ha <> 0 or reason is null))
    or abs(effective_ha) > abs(area_ha) + 1e-6
