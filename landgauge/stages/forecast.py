"""The forecast stage: demand for industrial land, supply and their balance, for the city as a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from landgauge import policy
from landgauge.errors import ConfigurationError
from landgauge.settings import Settings, StageResult
from scoring.forecast import policy as forecast_policy
from scoring.forecast import tables
from scoring.forecast.demand import demand
from scoring.forecast.methods import Series
from scoring.forecast.policy import ForecastPolicy, PolicyError
from scoring.forecast.supply import COLUMNS
from warehouse import db
from warehouse.transform import run_layer

ALL_INDUSTRIES = "00"  # the contract's code of the row that holds all industries
_SERIES = """
select data_year, industrial_land_ha, value_added_cny10k
from staging.stg_accepted__district_series
where industry_code = '00' and district_code = (select city_code from profile.setting)
order by data_year"""
_SUPPLY = f"select {', '.join(COLUMNS)} from staging.stg_accepted__land_supply order by supply_id, data_year"


def forecast(settings: Settings) -> StageResult:
    """Forecast the city's demand for industrial land from the base year `settings.year` and build dbt layer `balance`.

    Without a series of the city there are no rows of demand and balance; what cannot be forecast says why.
    Raises ConfigurationError where a forecast seed cannot be read.
    """
    rules = _policy()
    city = db.read_arrow(settings, "select city_code from profile.setting").column(0)[0].as_py()
    supply, complaints = _supply(settings, rules)
    written = _forecast(_series(settings), supply, settings.year, city, rules)
    for name, table in written.items():
        db.write_arrow(settings, f"forecasted.{name}", table)
    built = run_layer(settings, "balance")
    counts = {name: table.num_rows for name, table in written.items()}
    return StageResult(rows=counts | dict(built.rows), complaints=complaints + built.complaints)


def _forecast(
    series: Series, supply: pd.DataFrame, base_year: int, city: str, rules: ForecastPolicy
) -> dict[str, pa.Table]:
    """Return the four tables of the stage by name."""
    flows = tables.supply_table(supply, rules, base_year, city, ALL_INDUSTRIES)
    rows, tests = demand(series, base_year, rules) if len(series.years) else ([], {})
    name = f"industrial_land_ha:{city}:{ALL_INDUSTRIES}"
    return {
        "land_demand": tables.demand_table(rows, base_year, city, ALL_INDUSTRIES),
        "land_supply": flows,
        "land_balance": tables.balance_table(rows, flows, base_year, city, ALL_INDUSTRIES),
        "backtest": tables.backtest_table(tests, name, base_year, rules),
    }


def _policy() -> ForecastPolicy:
    try:
        return forecast_policy.read({name: policy.rows(name) for name in forecast_policy.SEEDS})
    except PolicyError as error:
        raise ConfigurationError(str(error), "Correct seeds/policy/forecast_*.csv.") from error


def _series(settings: Settings) -> Series:
    table = db.read_arrow(settings, _SERIES)
    land, value_added = (table.column(c).to_numpy().astype(float) for c in ("industrial_land_ha", "value_added_cny10k"))
    return Series(table.column("data_year").to_numpy().astype(np.int64), land, value_added)


def _supply(settings: Settings, rules: ForecastPolicy) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of supply, and a complaint for each source that the policy does not know."""
    rows = db.read_arrow(settings, _SUPPLY).to_pandas()
    unknown = sorted(set(rows["source"]) - {s.source for s in rules.sources})
    return rows, tuple(
        f"土地供应来源“{s}”没有政策参数, 未计入供应 (forecast_supply_source has no row)" for s in unknown
    )
