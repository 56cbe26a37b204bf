-- Why a parcel is on the list: a row for each reason that it meets, with the measured value and the limit.
select
    parcel_code,
    {{ eval_year() }} as year,
    reason,
    rule_order,
    district_code,
    indicator_code,
    actual_value,
    limit_value,
    actual_text,
    limit_text,
    limit_basis,
    release_share,
    source,
    illustrative,
    {{ run_id() }} as run_id,
from {{ ref('int_potential__parcel_reason') }}
where is_met
