-- tce of each enterprise, 当量 (calorific) and 等价 (equivalent). A row without a coefficient makes the total missing.
with valid as (
    select
        energy_type,
        accounting,
        per_unit,
        tce_per_unit,
    from {{ ref('energy_coefficient') }}
    where
        coalesce(valid_from_year, 0) <= {{ eval_year() }}
        and coalesce(valid_to_year, 9999) >= {{ eval_year() }}
    qualify
        row_number() over (
            partition by energy_type, accounting order by valid_from_year desc nulls last, edition desc
        ) = 1
),

-- Types that have 等价 values in some year: there the 当量 value is no substitute in another year.
has_equivalent as (
    select distinct energy_type
    from {{ ref('energy_coefficient') }}
    where accounting = 'equivalent'
),

calorific as (
    select
        energy.uscc,
        energy.energy_type,
        energy.quantity * (given.factor_to_base / base.factor_to_base) * valid.tce_per_unit as energy_tce,
    from {{ ref('stg_accepted__energy') }} as energy
    left join valid on energy.energy_type = valid.energy_type and valid.accounting = 'calorific'
    left join {{ ref('unit') }} as given on energy.unit = given.unit
    left join {{ ref('unit') }} as base on valid.per_unit = base.unit and given.dimension = base.dimension
),

equivalent as (
    select
        energy.uscc,
        energy.energy_type,
        energy.quantity * (given.factor_to_base / base.factor_to_base) * valid.tce_per_unit as energy_tce,
    from {{ ref('stg_accepted__energy') }} as energy
    inner join has_equivalent on energy.energy_type = has_equivalent.energy_type
    left join valid on energy.energy_type = valid.energy_type and valid.accounting = 'equivalent'
    left join {{ ref('unit') }} as given on energy.unit = given.unit
    left join {{ ref('unit') }} as base on valid.per_unit = base.unit and given.dimension = base.dimension
),

both_values as (
    select
        calorific.uscc,
        calorific.energy_tce,
        case
            when equivalent.uscc is null then calorific.energy_tce
            else equivalent.energy_tce
        end as energy_tce_equivalent,
    from calorific
    left join equivalent on calorific.uscc = equivalent.uscc and calorific.energy_type = equivalent.energy_type
)

select
    uscc,
    case when bool_and(energy_tce is not null) then {{ exact_sum('energy_tce') }} end as energy_tce,
    case
        when bool_and(energy_tce_equivalent is not null) then {{ exact_sum('energy_tce_equivalent') }}
    end as energy_tce_equivalent,
from both_values
group by uscc
