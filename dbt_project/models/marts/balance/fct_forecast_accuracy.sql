select
    base_year,
    measure,
    method,
    horizon,
    series_count,
    trials,
    mape_ratio,
    mase_ratio,
    coverage_ratio,
    nominal_ratio,
    combined_beats_baselines,
    {{ run_id() }} as run_id,
from {{ source('forecasted', 'accuracy') }}
