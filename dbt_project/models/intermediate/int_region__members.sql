-- Which rows of the series make up a unit, within its boundaries of `year`, in each year before and in the year itself:
-- those of its code and of its predecessors. A row that should stand there and does not is_absent. The city is its own
-- row, or where the series has none of it in any year, all districts: the two need not be equal.
with series as (
    select min(data_year) - 1 as before_first_year,
    from {{ ref('stg_accepted__district_series') }}
),

numbered as (
    select {{ rows_of(numbers('before_first_year', eval_year() ~ ' + 1')) }} as from_year,
    from series
),

from_years as (
    select cast(from_year as integer) as from_year,
    from numbered
),

spans as (
    select distinct
        succession.year,
        from_years.from_year,
    from {{ ref('int_region__succession') }} as succession
    inner join from_years on succession.year >= from_years.from_year
),

rows_found as (
    select
        data_year,
        district_code,
    from {{ ref('stg_accepted__district_series') }}
    where industry_code = '00'
),

-- in the first and the last year of a code the row may stand under another
expected as (
    select
        spans.year,
        spans.from_year,
        districts.code,
    from spans
    inner join {{ ref('stg_profile__districts') }} as districts
        on
            spans.from_year > coalesce(districts.valid_from_year, 0)
            and spans.from_year < coalesce(districts.valid_to_year, 9999)
    union
    select
        spans.year,
        spans.from_year,
        rows_found.district_code as code,
    from spans
    inner join rows_found on spans.from_year = rows_found.data_year
),

of_districts as (
    select
        expected.year,
        expected.from_year,
        expected.code,
        succession.unit_code,
        succession.is_split,
        rows_found.district_code is null as is_absent,
    from expected
    inner join {{ ref('int_region__succession') }} as succession
        on expected.year = succession.year and expected.code = succession.code
    left join rows_found on expected.from_year = rows_found.data_year and expected.code = rows_found.district_code
),

declared as (
    select
        rows_found.data_year,
        settings.city_code,
    from rows_found
    inner join {{ ref('stg_profile__settings') }} as settings on rows_found.district_code = settings.city_code
)

select
    'district' as scale,
    unit_code,
    year,
    from_year,
    code,
    is_absent,
    is_split,
from of_districts
union all
select
    'city' as scale,
    settings.city_code as unit_code,
    spans.year,
    spans.from_year,
    settings.city_code as code,
    declared.city_code is null as is_absent,
    false as is_split,
from spans
cross join {{ ref('stg_profile__settings') }} as settings
left join declared on spans.from_year = declared.data_year
semi join rows_found on settings.city_code = rows_found.district_code
union all
select distinct
    'city' as scale,
    settings.city_code as unit_code,
    of_districts.year,
    of_districts.from_year,
    of_districts.code,
    of_districts.is_absent,
    false as is_split,
from of_districts
cross join {{ ref('stg_profile__settings') }} as settings
anti join rows_found on settings.city_code = rows_found.district_code
