-- Every event up to the as-of date, and the conflict that keeps it from counting.
with known as (
    select
        events.*,
        agreements.signed_date,
        list_position({{ list_of(["'开工'", "'竣工'", "'投产'", "'达产'"]) }}, events.event) as step,
    from {{ ref('stg_accepted__agreement_events') }} as events
    inner join {{ ref('stg_accepted__agreements') }} as agreements on events.agreement_no = agreements.agreement_no
    where events.event_date <= {{ as_of_date() }}
),

firsts as (
    select
        agreement_no,
        step,
        min(event_date) as first_date,
    from known
    where step is not null and event_date >= signed_date
    group by agreement_no, step
),

disordered as (
    select
        agreement_no,
        step,
        first_date,
        max(first_date) over (
            partition by agreement_no order by step rows between unbounded preceding and 1 preceding
        ) as earlier_date,
    from firsts
    qualify first_date < earlier_date
)

select
    known.agreement_no,
    known.event,
    known.event_date,
    known.stage,
    known.indicator_code,
    known.deadline,
    known.amount_cny10k,
    known.department,
    known.document_no,
    known.note,
    known.data_year,
    known.signed_date,
    disordered.first_date,
    disordered.earlier_date,
    case
        when known.event_date < known.signed_date then 'event_before_signing'
        when disordered.step is not null then 'event_out_of_order'
    end as conflict_code,
from known
left join disordered on known.agreement_no = disordered.agreement_no and known.step = disordered.step
