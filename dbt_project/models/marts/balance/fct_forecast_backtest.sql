select
    base_year,
    series,
    method,
    origin_year,
    horizon,
    actual,
    forecast,
    low,
    high,
    {{ run_id() }} as run_id,
from {{ source('forecasted', 'backtest') }}
