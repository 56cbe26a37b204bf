with settings as (
    select value as coverage_apart_ratio,
    from {{ ref('forecast_setting') }}
    where setting = 'coverage_apart'
)

select
    accuracy.base_year,
    accuracy.measure,
    accuracy.method,
    accuracy.horizon,
    accuracy.series_count,
    accuracy.trials,
    accuracy.mape_ratio,
    accuracy.mase_ratio,
    accuracy.coverage_ratio,
    accuracy.nominal_ratio,
    accuracy.combined_beats_baselines,
    settings.coverage_apart_ratio,
    {{ run_id() }} as run_id,
from {{ source('forecasted', 'accuracy') }} as accuracy
left join settings on true
