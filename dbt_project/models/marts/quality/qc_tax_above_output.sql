-- Every accepted pair of declarations, also of enterprises that do not count: the question goes to who declared.
select
    taxes.uscc,
    {{ eval_year() }} as year,
    taxes.tax_paid_cny10k,
    operations.output_cny10k,
    format('{} > {}', taxes.tax_paid_cny10k, operations.output_cny10k) as detail,
    format(
        '入库税收{}万元大于工业总产值{}万元,请核对单位和口径。', taxes.tax_paid_cny10k, operations.output_cny10k
    ) as message_zh,
    {{ run_id() }} as run_id,
from {{ ref('stg_accepted__taxes') }} as taxes
inner join {{ ref('stg_accepted__operations') }} as operations on taxes.uscc = operations.uscc
where taxes.tax_paid_cny10k > operations.output_cny10k
