-- Every target in every year in which its stage may have been evaluated, and what evidence and verdict say of it.
{{ config(materialized='view') }}
select *,
from {{ ref('int_contract__certain_outcomes') }}
union all
select *,
from {{ ref('int_contract__again_outcomes') }}
