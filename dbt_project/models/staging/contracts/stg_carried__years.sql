-- The evaluated years up to the knowledge year.
select year,
from {{ source('carried', 'evaluated_year') }}
where year <= {{ eval_year() }}
