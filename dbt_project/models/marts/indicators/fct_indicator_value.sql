-- One row for each unit and indicator: the same columns as the wide marts, turned.
with turned as (
    {% for scale, model, unit_code, specs in scales() %}
    {{ indicator_rows(scale, model, unit_code, specs) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    *,
    {{ run_id() }} as run_id,
from turned
