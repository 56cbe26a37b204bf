-- The units that a correction can reach: what its key names, then what shares land or figures with it (O7).
{% set parts = [] -%}
{% for name in ['parcel_code', 'building_code', 'uscc', 'agreement_no', 'zone_code', 'district_code'] -%}
{% do parts.append(record({'name': "'" ~ name ~ "'", 'code': "json_extract_string(key_json, '$." ~ name ~ "')"})) -%}
{% endfor -%}
{% for value in ['old_value', 'new_value'] -%}
{% do parts.append(record({'name': 'column_name', 'code': value})) -%}
{% endfor -%}
with applied as (
    select
        correction_no,
        {{ list_of(parts) }} as parts,
    from {{ ref('fct_correction') }}
    where state = 'applied'
),

unfolded as (
    select
        correction_no,
        {{ rows_of('parts') }} as part,
    from applied
),

named as (
    select
        correction_no,
        {{ field('part', 'name') }} as name,
        {{ field('part', 'code') }} as code,
    from unfolded
    where {{ field('part', 'code') }} is not null
),

parcels_named as (
    select
        correction_no,
        code as parcel_code,
    from named
    where name = 'parcel_code'
    union
    select
        named.correction_no,
        buildings.parcel_code,
    from named
    inner join {{ ref('stg_accepted__buildings') }} as buildings on named.code = buildings.building_code
    where named.name = 'building_code'
    union
    select
        named.correction_no,
        agreements.parcel_code,
    from named
    inner join {{ ref('stg_accepted__agreements') }} as agreements on named.code = agreements.agreement_no
    where named.name = 'agreement_no'
),

firms_named as (
    select
        correction_no,
        code as uscc,
    from named
    where name = 'uscc'
    union
    select
        named.correction_no,
        agreements.uscc,
    from named
    inner join {{ ref('stg_accepted__agreements') }} as agreements on named.code = agreements.agreement_no
    where named.name = 'agreement_no'
),

parcels as (
    select *, from parcels_named
    union
    select
        firms_named.correction_no,
        pairs.parcel_code,
    from firms_named
    inner join {{ ref('bridge_parcel_enterprise') }} as pairs on firms_named.uscc = pairs.uscc
),

firms as (
    select *, from firms_named
    union
    select
        parcels.correction_no,
        pairs.uscc,
    from parcels
    inner join {{ ref('bridge_parcel_enterprise') }} as pairs on parcels.parcel_code = pairs.parcel_code
),

places as (
    select
        parcels.correction_no,
        {{ rows_of(list_of([
            record({'scale': "'parcel'", 'unit_code': 'parcels.parcel_code'}),
            record({'scale': "'block'", 'unit_code': 'land.block_code'}),
            record({'scale': "'zone'", 'unit_code': 'land.zone_code'}),
            record({'scale': "'district'", 'unit_code': 'land.district_code'}),
        ])) }} as unit,
    from parcels
    left join {{ ref('dim_parcel') }} as land on parcels.parcel_code = land.parcel_code
    union all
    select
        firms.correction_no,
        {{ rows_of(list_of([
            record({'scale': "'enterprise'", 'unit_code': 'firms.uscc'}),
            record({'scale': "'district'", 'unit_code': 'register.district_code'}),
            record({
                'scale': "'industry'",
                'unit_code': "register.industry_edition || ':' || coalesce(register.division_code, register.section_code)",
            }),
        ])) }} as unit,
    from firms
    left join {{ ref('dim_enterprise') }} as register on firms.uscc = register.uscc
    union all
    select
        correction_no,
        {{ record({
            'scale': "replace(replace(name, 'zone_code', 'zone'), 'district_code', 'district')",
            'unit_code': 'code',
        }) }} as unit,
    from named
    where name in ('zone_code', 'district_code')
    union all
    select
        named.correction_no,
        {{ record({'scale': "'city'", 'unit_code': 'cities.unit_code'}) }} as unit,
    from named
    inner join {{ ref('dim_unit') }} as cities on cities.scale = 'city'
)

select distinct
    {{ eval_year() }} as year,
    places.correction_no,
    units.scale,
    units.unit_code,
    {{ run_id() }} as run_id,
from places
inner join {{ ref('dim_unit') }} as units
    on places.unit.scale = units.scale and places.unit.unit_code = units.unit_code
