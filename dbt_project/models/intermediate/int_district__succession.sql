-- For each year and each district code, ever valid: the district that holds its land in that year. A code stands in its
-- last year only where something is still reported under it: on the basis `series` a row of the district series, in
-- each year of the series; on the basis `parcels` an industrial parcel, in the evaluated year. A code with two
-- successors has been split.
with recursive present as (
    select
        'series' as basis,
        data_year as year,
        district_code as code,
    from {{ ref('stg_accepted__district_series') }}
    where industry_code = '00'
    union
    select
        'parcels' as basis,
        {{ eval_year() }} as year,
        district_code as code,
    from {{ ref('int_parcel__year') }}
    where is_industrial and district_code is not null
),

years as (
    select
        unnest(['series', 'parcels']) as basis,
        {{ eval_year() }} as year,
    union
    select
        'series' as basis,
        data_year as year,
    from {{ ref('stg_accepted__district_series') }}
),

standing as (
    select
        years.basis,
        years.year,
        districts.code,
    from years
    inner join {{ ref('stg_profile__districts') }} as districts
        on
            years.year >= coalesce(districts.valid_from_year, 0)
            and years.year < coalesce(districts.valid_to_year, 9999)
    union
    select
        basis,
        year,
        code,
    from present
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
        years.basis,
        years.year,
        codes.code,
        codes.code as unit_code,
    from years
    cross join codes
    union
    select
        followed.basis,
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
            where
                standing.basis = followed.basis
                and standing.year = followed.year
                and standing.code = followed.unit_code
        )
)

select
    followed.basis,
    followed.year,
    followed.code,
    followed.unit_code,
    count(*) over (partition by followed.basis, followed.year, followed.code) > 1 as is_split,
from followed
semi join standing
    on
        followed.basis = standing.basis
        and followed.year = standing.year
        and followed.unit_code = standing.code
anti join {{ ref('stg_profile__settings') }} as settings on followed.code = settings.city_code
