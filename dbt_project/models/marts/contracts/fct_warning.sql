-- What stands out while an agreement runs; a parcel under several agreements is named once, with all of them.
with raised as (
    select
        kind,
        agreement_no,
        unit_code,
        parcel_code,
        cast(null as integer) as year,
        raised_date,
        value,
        limit_value,
        detail,
        ended_date,
    from {{ ref('int_contract__date_warnings') }}
    {% for warnings in [ref('int_contract__land_warnings'), ref('int_contract__target_warnings')] %}
    union all
    select
        kind,
        agreement_no,
        unit_code,
        parcel_code,
        year,
        raised_date,
        value,
        limit_value,
        detail,
        cast(null as date) as ended_date,
    from {{ warnings }}
    {% endfor %}
)

select
    raised.kind,
    raised.unit_code,
    raised.raised_date,
    cast(raised.year as integer) as year,
    min(raised.agreement_no) as agreement_no,
    {{ texts_in_order('raised.agreement_no', '、', 'raised.agreement_no') }} as agreement_nos,
    {{ value_at_least('raised.parcel_code', 'raised.agreement_no') }} as parcel_code,
    {{ value_at_least('agreements.uscc', 'raised.agreement_no') }} as uscc,
    {{ value_at_least('agreements.district_code', 'raised.agreement_no') }} as district_code,
    any_value(kinds.department) as department,
    {{ value_at_least('raised.value', 'raised.agreement_no') }} as value,
    {{ value_at_least('raised.limit_value', 'raised.agreement_no') }} as limit_value,
    any_value(kinds.unit) as unit,
    {{ value_at_least('raised.detail', 'raised.agreement_no') }} as detail,
    case when count(raised.ended_date) = count(*) then max(raised.ended_date) end as ended_date,
    {{ run_id() }} as run_id,
from raised
left join {{ ref('int_contract__agreements') }} as agreements on raised.agreement_no = agreements.agreement_no
left join {{ ref('contract_warning') }} as kinds on raised.kind = kinds.kind
group by raised.kind, raised.unit_code, raised.raised_date, raised.year
