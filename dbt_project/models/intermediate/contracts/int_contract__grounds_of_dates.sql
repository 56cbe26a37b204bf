-- Grounds of consequences that lie in dates: late start and completion, lease, exit, idle land.
with late as (
    select
        due.*,
        agreements.start_penalty,
        agreements.completion_penalty,
        agreements.lease_end_date,
        coalesce(milestones.start_inferred, false) as start_inferred,
        coalesce(milestones.completion_inferred, false) as completion_inferred,
    from {{ ref('int_contract__due') }} as due
    inner join {{ ref('int_contract__agreements') }} as agreements on due.agreement_no = agreements.agreement_no
    left join {{ ref('int_contract__milestones') }} as milestones on due.agreement_no = milestones.agreement_no
    where due.done_date > due.due_date or due.done_date is null
),

signed as (
    select
        agreement_no,
        min(event_date) as signed_date,
    from {{ ref('int_contract__events') }}
    where event = '出让签订'
    group by agreement_no
),

-- a 竣工 that contradicts its 开工: nobody knows whether it was late
disputed as (
    select distinct agreement_no,
    from {{ ref('int_contract__events_judged') }}
    where event = '竣工' and conflict_code = 'event_out_of_order'
)

select
    agreement_no,
    'start_penalty' as consequence_code,
    due_date + 1 as arises_date,
    cast(null as date) as due_date,
    cast(null as date) as lapsed_date,
    start_penalty as clause,
    '约定开工' || due_date || ',' || coalesce('实际开工' || done_date, '未见开工') as evidence,
from late
where obligation = '开工' and start_penalty is not null and not start_inferred
union all
select
    late.agreement_no,
    'completion_penalty' as consequence_code,
    late.due_date + 1 as arises_date,
    cast(null as date) as due_date,
    cast(null as date) as lapsed_date,
    late.completion_penalty as clause,
    '约定竣工' || late.due_date || ',' || coalesce('实际竣工' || late.done_date, '未见竣工') as evidence,
from late
anti join disputed on late.agreement_no = disputed.agreement_no
where late.obligation = '竣工' and late.completion_penalty is not null and not late.completion_inferred
union all
select
    late.agreement_no,
    'lease_not_applied' as consequence_code,
    late.due_date + 1 as arises_date,
    late.lease_end_date as due_date,
    cast(null as date) as lapsed_date,
    cast(null as varchar) as clause,
    '租赁期满' || late.lease_end_date || ',应于' || late.due_date || '前申请,'
    || coalesce('实际申请' || late.done_date, '未见申请') as evidence,
from late
left join signed on late.agreement_no = signed.agreement_no
where late.obligation = '先租后让申请' and (signed.signed_date > late.due_date or signed.signed_date is null)
union all
select
    agreement_no,
    'voluntary_exit' as consequence_code,
    basis_date as arises_date,
    due_date,
    cast(null as date) as lapsed_date,
    cast(null as varchar) as clause,
    '终止申请' || basis_date as evidence,
from {{ ref('int_contract__due') }}
where obligation = '终止预告'
union all
select
    agreement_no,
    consequence_code,
    arises_date,
    cast(null as date) as due_date,
    resumed_date as lapsed_date,
    cast(null as varchar) as clause,
    case ground when 'not_started' then '约定开工' else '停工' end || clock_start
    || coalesce(',政府原因' || nullif(government_days, 0) || '天不计', '')
    || coalesce(',' || evidence_year || '年建筑面积占约定' || {{ text_of('round(floor_share * 100, 2)') }} || '%', '')
    || coalesce(',' || evidence_year || '年投资额占约定' || {{ text_of('round(investment_share * 100, 2)') }} || '%', '')
    || coalesce(case ground when 'not_started' then ',实际开工' else ',复工' end || resumed_date, '') as evidence,
from {{ ref('int_contract__idle') }}
where is_idle and (resumed_date >= arises_date or resumed_date is null)
