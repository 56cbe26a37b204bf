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

-- Units of one dimension convert; a quantity in the coefficient's own unit is multiplied by 1.
factors as (
    select
        valid.energy_type,
        valid.accounting,
        given.unit,
        given.factor_to_base / base.factor_to_base * valid.tce_per_unit as tce_per_given_unit,
    from valid
    inner join {{ ref('unit') }} as base on valid.per_unit = base.unit
    inner join {{ ref('unit') }} as given on base.dimension = given.dimension
),

-- Types that have 等价 values in some year: there the 当量 value is no substitute in another year.
with_equivalent as (
    select distinct energy_type,
    from {{ ref('energy_coefficient') }}
    where accounting = 'equivalent'
),

converted as (
    select
        energy.uscc,
        energy.quantity * calorific.tce_per_given_unit as energy_tce,
        energy.quantity * case
            when with_equivalent.energy_type is null then calorific.tce_per_given_unit
            else equivalent.tce_per_given_unit
        end as energy_tce_equivalent,
    from {{ ref('stg_accepted__energy') }} as energy
    left join factors as calorific
        on
            energy.energy_type = calorific.energy_type
            and energy.unit = calorific.unit
            and calorific.accounting = 'calorific'
    left join factors as equivalent
        on
            energy.energy_type = equivalent.energy_type
            and energy.unit = equivalent.unit
            and equivalent.accounting = 'equivalent'
    left join with_equivalent on energy.energy_type = with_equivalent.energy_type
)

select
    uscc,
    case when bool_and(energy_tce is not null) then {{ exact_sum('energy_tce') }} end as energy_tce,
    case
        when bool_and(energy_tce_equivalent is not null) then {{ exact_sum('energy_tce_equivalent') }}
    end as energy_tce_equivalent,
from converted
group by uscc
