select
    data_year,
    load_id,
    row_no,
    uscc,
    output_cny10k,
    revenue_cny10k,
    value_added_cny10k,
    fixed_investment_cny10k,
    employees,
    rd_staff,
    rd_expenditure_cny10k,
    new_product_sales_cny10k,
from {{ source('accepted', 'operations') }}
where data_year = {{ eval_year() }}
