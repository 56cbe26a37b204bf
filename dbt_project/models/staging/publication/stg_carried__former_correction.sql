-- Corrections in force in the run that stands.
select
    correction_no,
    dataset,
    corrected_year,
    key_json,
    column_name,
    new_value,
from {{ source('carried', 'former_correction') }}
