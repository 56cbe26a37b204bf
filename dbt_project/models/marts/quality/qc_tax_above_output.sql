select
    uscc,
    {{ eval_year() }} as year,
    tax_paid_cny10k,
    output_cny10k,
    format('{} > {}', tax_paid_cny10k, output_cny10k) as detail,
    format('入库税收{}万元大于工业总产值{}万元,请核对单位和口径。', tax_paid_cny10k, output_cny10k) as message_zh,
    {{ run_id() }} as run_id,
from {{ ref('int_enterprise__measures') }}
where tax_paid_cny10k > output_cny10k
