select
    data_year,
    load_id,
    row_no,
    project_no,
    district_code,
    zone_code,
    indicator_code,
    comparison,
    control_value,
    guide_value,
    department,
    industry_code,
    restricted,
    decision,
    decision_date,
    agreement_no,
from {{ source('accepted', 'admission_controls') }}
where data_year <= {{ eval_year() }}
qualify
    row_number() over (
        partition by project_no, indicator_code
        order by data_year desc, load_id desc, row_no desc
    ) = 1
