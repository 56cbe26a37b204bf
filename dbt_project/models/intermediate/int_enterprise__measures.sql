-- What each counted enterprise reported in the year; NULL where nothing was reported.
with emissions as (
    select
        uscc,
        {{ exact_sum('emission_t') }} as emission_t,
    from {{ ref('stg_accepted__emissions') }}
    where pollutant in ('COD', 'NH3-N', 'SO2', 'NOx')
    group by uscc
)

select
    enterprises.uscc,
    operations.output_cny10k,
    operations.revenue_cny10k,
    operations.value_added_cny10k,
    operations.fixed_investment_cny10k,
    operations.employees,
    operations.rd_staff,
    operations.rd_expenditure_cny10k,
    operations.new_product_sales_cny10k,
    taxes.tax_paid_cny10k,
    energy.energy_tce,
    energy.energy_tce_equivalent,
    energy.electricity_10k_kwh,
    emissions.emission_t,
from {{ ref('int_enterprise__classified') }} as enterprises
left join {{ ref('stg_accepted__operations') }} as operations on enterprises.uscc = operations.uscc
left join {{ ref('stg_accepted__taxes') }} as taxes on enterprises.uscc = taxes.uscc
left join {{ ref('int_energy__by_enterprise') }} as energy on enterprises.uscc = energy.uscc
left join emissions on enterprises.uscc = emissions.uscc
where enterprises.is_counted
