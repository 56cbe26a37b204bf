-- The limit below which each industrial parcel is low-efficient, by indicator of the rules: for the plot ratio the
-- parcel's own lower limit, else the ideal value with the highest precedence; of several industries the lowest.
with parcels as (
    select
        parcels.parcel_code,
        parcels.district_code,
        parcels.land_use_code,
        parcels.zone_code,
        conditions.far_min,
    from {{ ref('int_indicators__parcel') }} as parcels
    left join {{ ref('stg_accepted__parcels') }} as conditions on parcels.parcel_code = conditions.parcel_code
),

scopes as (
    select
        parcel_code,
        'all' as scope_kind,
        '' as scope_edition,
        '' as scope_code,
    from parcels
    union all
    select
        parcel_code,
        'land_use' as scope_kind,
        '' as scope_edition,
        land_use_code as scope_code,
    from parcels
    union all
    select
        parcel_code,
        'district' as scope_kind,
        '' as scope_edition,
        district_code as scope_code,
    from parcels
    union all
    select
        parcels.parcel_code,
        'zone_type' as scope_kind,
        '' as scope_edition,
        zones.zone_type as scope_code,
    from parcels
    inner join {{ ref('stg_accepted__zones') }} as zones on parcels.zone_code = zones.zone_code
    union all
    select distinct
        pairs.parcel_code,
        'industry' as scope_kind,
        enterprises.industry_edition as scope_edition,
        enterprises.division_code as scope_code,
    from {{ ref('int_pairing__shares') }} as pairs
    inner join {{ ref('int_enterprise__classified') }} as enterprises on pairs.uscc = enterprises.uscc
),

ideals as (
    select *,
    from {{ ref('int_potential__ideal') }}
    where
        scale = 'parcel'
        and indicator_code in (select rules.indicator_code, from {{ ref('low_efficiency_rule') }} as rules)
),

held as (
    select
        scopes.parcel_code,
        ideals.indicator_code,
        ideals.scope_kind as limit_basis,
        ideals.ideal_value as limit_value,
        ideals.source,
        ideals.illustrative,
    from scopes
    inner join ideals
        on
            scopes.scope_kind = ideals.scope_kind
            and scopes.scope_edition = ideals.scope_edition
            and scopes.scope_code = ideals.scope_code
    inner join parcels on scopes.parcel_code = parcels.parcel_code
    where ideals.indicator_code != 'plot_ratio' or parcels.far_min is null
    qualify
        row_number() over (
            partition by scopes.parcel_code, ideals.indicator_code
            order by ideals.precedence desc, ideals.ideal_value asc, ideals.scope_kind asc, ideals.source asc
        ) = 1
)

select
    parcel_code,
    indicator_code,
    limit_basis,
    limit_value,
    source,
    illustrative,
from held
union all
select
    parcel_code,
    'plot_ratio' as indicator_code,
    'far_min' as limit_basis,
    far_min as limit_value,
    '宗地规划容积率下限' as source,
    false as illustrative,
from parcels
where far_min is not null
