-- Warnings about the land itself, year by year: use, area, buildings, occupants.
with facts as (
    select
        facts.*,
        agreements.uscc,
        agreements.granted_use,
        agreements.granted_area_m2,
        agreements.production_due,
        least(make_date(facts.year, 12, 31), {{ as_of_date() }}) as raised_date,
        settings.value as area_over_granted_share,
    from {{ ref('int_contract__land_facts') }} as facts
    inner join {{ ref('int_contract__agreements') }} as agreements on facts.agreement_no = agreements.agreement_no
    left join {{ ref('contract_setting') }} as settings
        on agreements.rule_version = settings.rule_version and settings.setting = 'area_over_granted_share'
    where
        facts.year >= year(agreements.signed_date)
        and coalesce(
            agreements.ended_date > least(make_date(facts.year, 12, 31), {{ as_of_date() }}),
            true
        )
),

permitted as (
    select
        granted_use,
        {{ list_in_order('land_use_code', 'land_use_code') }} as land_use_codes,
    from {{ ref('contract_use') }}
    group by granted_use
),

whole as (
    select
        agreement_no,
        year,
        min(parcel_code) as parcel_code,
        count(*) as parcel_count,
        count(area_m2) as area_count,
        {{ exact_sum('area_m2') }} as area_m2,
        max(granted_area_m2) as granted_area_m2,
        max(raised_date) as raised_date,
        max(area_over_granted_share) as area_over_granted_share,
        bool_or(is_merged) as is_merged,
        {{ exact_sum('enterprise_count') }} as enterprise_count,
        bool_or(own_enterprise) as own_enterprise,
        any_value(uscc) as uscc,
    from facts
    where is_divided
    group by agreement_no, year
    union all
    select
        agreement_no,
        year,
        parcel_code,
        1 as parcel_count,
        if(area_m2 is null, 0, 1) as area_count,
        area_m2,
        granted_area_m2,
        raised_date,
        area_over_granted_share,
        is_merged,
        enterprise_count,
        own_enterprise,
        uscc,
    from facts
    where not is_divided
)

select
    'use_changed' as kind,
    facts.agreement_no,
    facts.parcel_code as unit_code,
    facts.parcel_code,
    facts.year,
    facts.raised_date,
    cast(null as double) as value,
    cast(null as double) as limit_value,
    '出让用途 ' || coalesce(facts.granted_use, '(未约定)') || ',现状用途 ' || facts.land_use_code
    || coalesce(' ' || facts.land_use_zh, '') as detail,
from facts
left join permitted on facts.granted_use = permitted.granted_use
where
    not facts.is_industrial
    or not coalesce(list_contains(permitted.land_use_codes, facts.land_use_code), true)

union all

select
    'area_over_granted' as kind,
    agreement_no,
    parcel_code as unit_code,
    parcel_code,
    year,
    raised_date,
    area_m2 as value,
    granted_area_m2 as limit_value,
    '出让面积 ' || printf('%.2f', granted_area_m2) || ' m2,现状面积 ' || printf('%.2f', area_m2) || ' m2'
    || case when parcel_count > 1 then ',共 ' || parcel_count || ' 宗' else '' end as detail,
from whole
where
    not is_merged
    and area_count = parcel_count
    and granted_area_m2 > 0
    and area_m2 - granted_area_m2 > granted_area_m2 * area_over_granted_share

union all

select
    'building_use_not_allowed' as kind,
    agreement_no,
    parcel_code as unit_code,
    parcel_code,
    year,
    raised_date,
    banned_floor_area_m2 as value,
    cast(0 as double) as limit_value,
    banned_uses || ' 建筑面积 ' || printf('%.2f', banned_floor_area_m2) || ' m2' as detail,
from facts
where banned_uses is not null

union all

select
    'no_enterprise' as kind,
    agreement_no,
    parcel_code as unit_code,
    parcel_code,
    year,
    raised_date,
    cast(enterprise_count as double) as value,
    cast(1 as double) as limit_value,
    '约定投产日期 ' || cast(production_due as varchar) || ',宗地上没有在册企业' as detail,
from facts
where enterprise_count = 0 and year >= year(production_due)

union all

select
    'enterprise_moved' as kind,
    agreement_no,
    agreement_no as unit_code,
    parcel_code,
    year,
    raised_date,
    enterprise_count as value,
    cast(null as double) as limit_value,
    '协议企业 ' || uscc || ' 不在宗地上的 ' || cast(cast(enterprise_count as bigint) as varchar) || ' 家企业之中' as detail,
from whole
where enterprise_count > 0 and not own_enterprise
