{{ config(severity='error', tags=['indicators'], meta={
    'owner': '政策维护 (policy)',
    'next_step': 'Make seeds/policy/indicator.csv and the specs of macros/indicators.sql agree (docs/adding-an-indicator.md).',
}) }}
-- The catalogue lists each indicator at exactly the scales, and with exactly the reasons, that the specs give it.
with specs (indicator_code, aspect, entries) as (
    values
    {% for scale, model, unit_code, specs in scales() %}
    {% set outer = loop %}
    {% for spec in specs %}
    ('{{ spec.code }}', 'scales', ['{{ scale }}']),
    ('{{ spec.code }}', 'null_reasons', {{ possible_reasons(spec) }}){{ ',' if not (loop.last and outer.last) }}
    {% endfor %}
    {% endfor %}
),

built as (
    select
        indicator_code,
        aspect,
        list_sort(list_distinct(flatten(list(entries)))) as entries,
    from specs
    group by indicator_code, aspect
),

catalogue as (
    select
        indicator_code,
        'scales' as aspect,
        list_sort(string_split(scales, '|')) as entries,
    from {{ ref('dim_indicator') }}
    union all
    select
        indicator_code,
        'null_reasons' as aspect,
        list_sort(string_split(null_reasons, '|')) as entries,
    from {{ ref('dim_indicator') }}
)

select
    coalesce(built.indicator_code, catalogue.indicator_code) as indicator_code,
    coalesce(built.aspect, catalogue.aspect) as aspect,
    built.entries as built,
    catalogue.entries as catalogue,
from built
full join catalogue on built.indicator_code = catalogue.indicator_code and built.aspect = catalogue.aspect
where built.entries is distinct from catalogue.entries
