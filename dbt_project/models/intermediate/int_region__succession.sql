-- For each year of the series and each district code, ever valid: the district that holds its land in that year. A code
-- stands in its last year only where the series still has a row of it. A code with two successors has been split.
with recursive years as (
    select {{ eval_year() }} as year,
    union
    select data_year as year,
    from {{ ref('stg_accepted__district_series') }}
),

standing as (
    select
        years.year,
        districts.code,
    from years
    inner join {{ ref('stg_profile__districts') }} as districts
        on
            years.year >= coalesce(districts.valid_from_year, 0)
            and years.year < coalesce(districts.valid_to_year, 9999)
    union
    select
        data_year as year,
        district_code as code,
    from {{ ref('stg_accepted__district_series') }}
    where industry_code = '00'
),

codes as (
    select code,
    from {{ ref('stg_profile__districts') }}
    union
    select district_code as code,
    from {{ ref('stg_accepted__district_series') }}
),

followed as (
    select
        years.year,
        codes.code,
        codes.code as unit_code,
    from years
    cross join codes
    union
    select
        followed.year,
        followed.code,
        districts.successor_code as unit_code,
    from followed
    inner join {{ ref('stg_profile__districts') }} as districts on followed.unit_code = districts.code
    where
        districts.successor_code is not null
        and not exists (
            select 1,
            from standing
            where standing.year = followed.year and standing.code = followed.unit_code
        )
)

select
    followed.year,
    followed.code,
    followed.unit_code,
    count(*) over (partition by followed.year, followed.code) > 1 as is_split,
from followed
semi join standing on followed.year = standing.year and followed.unit_code = standing.code
anti join {{ ref('stg_profile__settings') }} as settings on followed.code = settings.city_code
