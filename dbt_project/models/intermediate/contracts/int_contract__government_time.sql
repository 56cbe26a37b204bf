-- Time that the government caused, periods laid over each other: [start_date, end_date).
with periods as (
    select
        agreement_no,
        event_date as start_date,
        coalesce(deadline, {{ as_of_date() }} + 1) as end_date,
    from {{ ref('int_contract__events') }}
    where event = '政府原因' and event_date < coalesce(deadline, {{ as_of_date() }} + 1)
),

begun as (
    select
        *,
        coalesce(start_date > max(end_date) over (
            partition by agreement_no order by start_date, end_date rows between unbounded preceding and 1 preceding
        ), true) as begins,
    from periods
),

numbered as (
    select
        *,
        count(*) filter (where begins) over (partition by agreement_no order by start_date, end_date) as period_no,
    from begun
)

select
    agreement_no,
    min(start_date) as start_date,
    max(end_date) as end_date,
from numbered
group by agreement_no, period_no
