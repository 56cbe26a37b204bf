-- The ideal values of the year. A value that is given for an industry of one edition of GB/T 4754 is carried to the
-- later editions: there the lowest of the divisions that a division comes from counts, and none unless all have one.
with recursive valid as (
    select
        scale,
        indicator_code,
        scope_kind,
        scope_edition,
        scope_code,
        precedence,
        ideal_value,
        source,
        illustrative,
    from {{ ref('ideal_value') }}
    where
        coalesce(valid_from_year, {{ eval_year() }}) <= {{ eval_year() }}
        and coalesce(valid_to_year, {{ eval_year() }}) >= {{ eval_year() }}
    qualify
        row_number() over (
            partition by scale, indicator_code, scope_kind, scope_edition, scope_code
            order by valid_from_year desc nulls last, ideal_value asc
        ) = 1
),

carried_codes as (
    select
        from_edition as origin_edition,
        from_code as origin_code,
        to_edition as edition,
        to_code as code,
    from {{ ref('industry_mapping') }}
    union
    select
        carried_codes.origin_edition,
        carried_codes.origin_code,
        onward.to_edition as edition,
        onward.to_code as code,
    from carried_codes
    inner join {{ ref('industry_mapping') }} as onward
        on carried_codes.edition = onward.from_edition and carried_codes.code = onward.from_code
),

given_industries as (
    select distinct
        scale,
        indicator_code,
        scope_edition,
    from valid
    where scope_kind = 'industry'
),

carried as (
    select
        given_industries.scale,
        given_industries.indicator_code,
        'industry' as scope_kind,
        carried_codes.edition as scope_edition,
        carried_codes.code as scope_code,
        max(valid.precedence) as precedence,
        min(valid.ideal_value) as ideal_value,
        string_agg(distinct valid.source, '; ' order by valid.source) as source,
        bool_or(valid.illustrative) as illustrative,
        carried_codes.origin_edition,
    from given_industries
    inner join carried_codes on given_industries.scope_edition = carried_codes.origin_edition
    left join valid
        on
            given_industries.scale = valid.scale
            and given_industries.indicator_code = valid.indicator_code
            and carried_codes.origin_edition = valid.scope_edition
            and carried_codes.origin_code = valid.scope_code
            and valid.scope_kind = 'industry'
    group by
        given_industries.scale, given_industries.indicator_code, carried_codes.edition, carried_codes.code,
        carried_codes.origin_edition
    having count(*) = count(valid.ideal_value)
),

everything as (
    select
        *,
        scope_edition as origin_edition,
    from valid
    union all
    select *,
    from carried
)

select
    scale,
    indicator_code,
    scope_kind,
    coalesce(scope_edition, '') as scope_edition,
    coalesce(scope_code, '') as scope_code,
    precedence,
    ideal_value,
    source,
    illustrative,
from everything
qualify
    row_number() over (
        partition by scale, indicator_code, scope_kind, scope_edition, scope_code
        order by origin_edition desc nulls last
    ) = 1
