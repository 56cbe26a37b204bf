-- Which districts that the series knows, in the boundaries of the evaluated year, a policy touches. A zone touches the
-- district in which it stands in that year; a district that has ended touches the one that holds its land.
with listed as (
    select
        policy_code,
        scope_kind,
        coalesce(string_split(scope_codes, '|'), {{ list_of(['null']) }}) as scope_codes,
    from {{ ref('policy_event') }}
),

scopes as (
    select
        policy_code,
        scope_kind,
        {{ rows_of('scope_codes') }} as scope_code,
    from listed
),

codes as (
    select
        scopes.policy_code,
        scopes.scope_kind,
        if(scopes.scope_kind = 'zone', zones.district_code, scopes.scope_code) as district_code,
    from scopes
    left join {{ ref('stg_accepted__zones') }} as zones on scopes.scope_code = zones.zone_code
),

touched as (
    select distinct
        codes.policy_code,
        succession.unit_code,
    from codes
    inner join {{ ref('int_region__succession') }} as succession
        on
            succession.year = {{ eval_year() }}
            and (codes.scope_kind = 'all' or codes.district_code = succession.code)
),

units as (
    select distinct unit_code,
    from {{ ref('int_region__members') }}
    where scale = 'district' and year = {{ eval_year() }} and not is_absent
)

select
    events.policy_code,
    units.unit_code,
    if(touched.unit_code is null, 'untouched', 'touched') as unit_group,
from {{ ref('policy_event') }} as events
cross join units
left join touched on events.policy_code = touched.policy_code and units.unit_code = touched.unit_code
