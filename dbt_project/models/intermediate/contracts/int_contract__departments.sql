-- Who gives the verdicts of a stage: the departments of its targets.
select
    agreement_no,
    stage,
    array_to_string(list_sort({{ list_of_group('distinct department') }}), '、') as department,
from {{ ref('int_contract__targets') }}
group by agreement_no, stage
