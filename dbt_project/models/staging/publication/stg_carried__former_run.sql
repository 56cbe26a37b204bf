-- The run that stands in the published snapshot, where it is another one.
select
    run_id,
    inputs_differ,
    policy_differs,
    code_differs,
from {{ source('carried', 'former_run') }}
