-- tce of each enterprise, 当量 (calorific) and 等价 (equivalent), and its electricity in the unit that the column names.
-- A row without a coefficient, or electricity in a unit that does not convert, makes the total missing.
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

-- Both ways of accounting side by side, so that the quantities meet their factors once.
paired as (
    select
        energy_type,
        unit,
        max(tce_per_given_unit) filter (where accounting = 'calorific') as calorific_tce_per_unit,
        max(tce_per_given_unit) filter (where accounting = 'equivalent') as equivalent_tce_per_unit,
    from factors
    group by energy_type, unit
),

converting as (
    select
        paired.energy_type,
        paired.unit,
        paired.calorific_tce_per_unit,
        case
            when with_equivalent.energy_type is null then paired.calorific_tce_per_unit
            else paired.equivalent_tce_per_unit
        end as equivalent_tce_per_unit,
    from paired
    left join with_equivalent on paired.energy_type = with_equivalent.energy_type
),

electricity_factors as (
    select
        given.unit,
        given.factor_to_base / named.factor_to_base as named_units_per_given_unit,
    from {{ ref('unit') }} as named
    inner join {{ ref('unit') }} as given on named.dimension = given.dimension
    where named.unit = '10^4 kWh'
),

converted as (
    select
        energy.uscc,
        energy.energy_type = '电力' as is_electricity,
        energy.quantity * electricity_factors.named_units_per_given_unit as electricity_10k_kwh,
        energy.quantity * converting.calorific_tce_per_unit as energy_tce,
        energy.quantity * converting.equivalent_tce_per_unit as energy_tce_equivalent,
    from {{ ref('stg_accepted__energy') }} as energy
    left join converting on energy.energy_type = converting.energy_type and energy.unit = converting.unit
    left join electricity_factors on energy.unit = electricity_factors.unit
)

select
    uscc,
    case when bool_and(energy_tce is not null) then {{ exact_sum('energy_tce') }} end as energy_tce,
    case
        when bool_and(energy_tce_equivalent is not null) then {{ exact_sum('energy_tce_equivalent') }}
    end as energy_tce_equivalent,
    case
        when bool_and(electricity_10k_kwh is not null) filter (where is_electricity)
            then {{ exact_sum('electricity_10k_kwh', 'is_electricity') }}
    end as electricity_10k_kwh,
from converted
group by uscc
