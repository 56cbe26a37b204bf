-- Earlier published runs of the year.
select from_run_id,
from {{ source('carried', 'earlier_run') }}
