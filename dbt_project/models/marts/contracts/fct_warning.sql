-- What stands out while an agreement runs; a parcel under several agreements is named once, with all of them.
with raised as (
    select
        *,
        cast(null as integer) as year,
    from {{ ref('int_contract__date_warnings') }}
    union all by name
    select *,
    from {{ ref('int_contract__land_warnings') }}
    union all by name
    select *,
    from {{ ref('int_contract__target_warnings') }}
)

select
    raised.kind,
    raised.unit_code,
    raised.raised_date,
    cast(raised.year as integer) as year,
    min(raised.agreement_no) as agreement_no,
    string_agg(raised.agreement_no, '、' order by raised.agreement_no) as agreement_nos,
    arg_min(raised.parcel_code, raised.agreement_no) as parcel_code,
    arg_min(agreements.uscc, raised.agreement_no) as uscc,
    arg_min(agreements.district_code, raised.agreement_no) as district_code,
    any_value(kinds.department) as department,
    arg_min(raised.value, raised.agreement_no) as value,
    arg_min(raised.limit_value, raised.agreement_no) as limit_value,
    any_value(kinds.unit) as unit,
    arg_min(raised.detail, raised.agreement_no) as detail,
    case when count(raised.ended_date) = count(*) then max(raised.ended_date) end as ended_date,
    {{ run_id() }} as run_id,
from raised
left join {{ ref('int_contract__agreements') }} as agreements on raised.agreement_no = agreements.agreement_no
left join {{ ref('contract_warning') }} as kinds on raised.kind = kinds.kind
group by raised.kind, raised.unit_code, raised.raised_date, raised.year
