-- For each year of the series and each district code: the district that holds its land, as the series reports it.
select
    year,
    code,
    unit_code,
    is_split,
from {{ ref('int_district__succession') }}
where basis = 'series'
