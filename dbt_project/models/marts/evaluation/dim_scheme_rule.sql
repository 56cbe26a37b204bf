with rules as (
    {%- for kind, rules, code, points, grade in [
        ('adjustment', ref('scheme_adjustment'), 'adjustment_code', 'points', 'cast(null as varchar)'),
        ('veto', ref('scheme_veto'), 'veto_code', 'cast(null as double)', 'grade'),
        ('not_rated', ref('scheme_not_rated'), 'not_rated_reason', 'cast(null as double)', 'cast(null as varchar)'),
    ] %}
    select
        scheme_code,
        scheme_version,
        scale,
        '{{ kind }}' as kind,
        {{ code }} as rule_code,
        rule_order,
        name_zh,
        column_name,
        operator,
        threshold,
        {{ points }} as points,
        {{ grade }} as grade,
        source,
        illustrative,
    from {{ rules }}
    union all
    {%- endfor %}
    select
        scheme_code,
        scheme_version,
        scale,
        'limit' as kind,
        limit_code as rule_code,
        row_number() over (partition by scheme_code, scheme_version, scale order by limit_code) as rule_order,
        name_zh,
        concat(points_kind, '_points') as column_name,
        'at_most' as operator, -- noqa: RF04
        printf('%.10g', most_points) as threshold,
        cast(null as double) as points,
        cast(null as varchar) as grade,
        source,
        illustrative,
    from {{ ref('scheme_adjustment_limit') }}
)

select
    scheme_code,
    scheme_version,
    scale,
    kind,
    rule_code,
    cast(rule_order as integer) as rule_order,
    name_zh,
    column_name,
    operator,
    threshold,
    points,
    grade,
    source,
    illustrative,
    {{ run_id() }} as run_id,
from rules
