{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)',
    'next_step': 'Compare dim_unit with the intermediate model of the scale: a unit is missing in one, or stands twice.',
}) }}
-- Each indicator of a scale has one row for each unit of the scale, no more. Counts and digests of the codes stand for
-- the pairs themselves, which are many.
with units as (
    select
        scale,
        count(*) as unit_count,
        sum(hash(unit_code)) as unit_digest,
    from {{ ref('dim_unit') }}
    group by scale
),

listed as (
    select
        indicator_code,
        unnest(string_split(scales, '|')) as scale,
    from {{ ref('dim_indicator') }}
),

built as (
    select
        scale,
        indicator_code,
        count(*) as unit_count,
        sum(hash(unit_code)) as unit_digest,
    from {{ ref('fct_indicator_value') }}
    group by scale, indicator_code
)

select
    coalesce(listed.scale, built.scale) as scale,
    coalesce(listed.indicator_code, built.indicator_code) as indicator_code,
    units.unit_count as units,
    built.unit_count as rows_built,
from listed
full join built on listed.scale = built.scale and listed.indicator_code = built.indicator_code
left join units on listed.scale = units.scale
where
    listed.scale is null
    or coalesce(units.unit_count, 0) != coalesce(built.unit_count, 0)
    or units.unit_digest is distinct from built.unit_digest
