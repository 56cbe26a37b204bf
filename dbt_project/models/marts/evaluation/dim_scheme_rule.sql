with rules as (
    select
        * exclude (adjustment_code, points),
        'adjustment' as kind,
        adjustment_code as rule_code,
        points,
        cast(null as varchar) as grade,
    from {{ ref('scheme_adjustment') }}
    union all by name
    select
        * exclude (veto_code),
        'veto' as kind,
        veto_code as rule_code,
        cast(null as double) as points,
    from {{ ref('scheme_veto') }}
    union all by name
    select
        * exclude (not_rated_reason),
        'not_rated' as kind,
        not_rated_reason as rule_code,
        cast(null as double) as points,
        cast(null as varchar) as grade,
    from {{ ref('scheme_not_rated') }}
    union all by name
    select
        * exclude (limit_code, most_points, points_kind),
        'limit' as kind,
        limit_code as rule_code,
        row_number() over (partition by scheme_code, scheme_version, scale order by limit_code) as rule_order,
        concat(points_kind, '_points') as column_name,
        'at_most' as operator, -- noqa: RF04
        printf('%.10g', most_points) as threshold,
        cast(null as double) as points,
        cast(null as varchar) as grade,
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
