-- The actual value of every indicator with a number, in each year in which its stage may have been evaluated and in
-- the year before it is first due: from the marts, else as the enterprise reported it.
{{ config(materialized='view') }}
select *,
from {{ ref('int_contract__certain_evidence') }}
union all
select *,
from {{ ref('int_contract__again_evidence') }}
