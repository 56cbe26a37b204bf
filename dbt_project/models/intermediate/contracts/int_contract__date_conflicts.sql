-- Agreed dates that contradict each other.
{% set columns = ['start_due', 'completion_due', 'production_due', 'capacity_due'] -%}
with agreed as (
    {% for column in columns %}
    select
        agreement_no,
        term_end_date,
        lease_end_date,
        {{ column }} as due_date,
        '{{ column }}' as due_column,
        {{ loop.index }} as step,
    from {{ ref('stg_accepted__agreements') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

disordered as (
    select
        *,
        max(due_date) over (
            partition by agreement_no order by step rows between unbounded preceding and 1 preceding
        ) as earlier_date,
    from agreed
)

select distinct
    'term_before_lease_end' as conflict_code,
    agreement_no,
    cast('到期' as varchar) as stage,
    cast(null as integer) as evaluation_year,
    'lease_end_date' as subject,
    concat('term_end_date ', term_end_date) as one_side,
    concat('lease_end_date ', lease_end_date) as other_side,
    'lease_rules_do_not_apply' as effect,
from agreed
where term_end_date < lease_end_date
union all
select
    'term_before_due' as conflict_code,
    agreement_no,
    cast(null as varchar) as stage,
    cast(null as integer) as evaluation_year,
    due_column as subject,
    concat('term_end_date ', term_end_date) as one_side,
    concat(due_column, ' ', due_date) as other_side,
    'date_is_not_owed' as effect,
from agreed
where due_date > term_end_date
union all
select
    'due_out_of_order' as conflict_code,
    agreement_no,
    cast(null as varchar) as stage,
    cast(null as integer) as evaluation_year,
    due_column as subject,
    concat(due_column, ' ', due_date) as one_side,
    concat('earlier step ', earlier_date) as other_side,
    'shown_only' as effect,
from disordered
where due_date < earlier_date
