"""A forecast of one district and industry as Arrow tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring.forecast.backtest import Trial, interval_then
from scoring.forecast.demand import COMBINATION, Demand
from scoring.forecast.policy import ForecastPolicy
from scoring.forecast.supply import balance, effective_supply

_UNIT = [
    ("base_year", pa.int32()),
    ("year", pa.int32()),
    ("district_code", pa.string()),
    ("industry_code", pa.string()),
]


def _hectares(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, pa.float64()) for name in names]


DEMAND = pa.schema(
    [
        *_UNIT,
        ("scenario", pa.string()),
        ("method", pa.string()),
        *_hectares("land_ha", "demand_ha", "low_ha", "high_ha"),
        ("used", pa.bool_()),
        ("rejected_reason", pa.string()),
        ("diagnostics", pa.string()),
    ]
)
SUPPLY = pa.schema([*_UNIT, ("source", pa.string()), ("scenario", pa.string()), *_hectares("area_ha")])
BALANCE = pa.schema(
    [
        *_UNIT,
        ("scenario", pa.string()),
        *_hectares("supply_ha", "demand_ha", "balance_ha", "low_ha", "high_ha"),
        ("first_shortage_year", pa.int32()),
    ]
)
BACKTEST = pa.schema(
    [
        ("base_year", pa.int32()),
        ("series", pa.string()),
        ("method", pa.string()),
        ("origin_year", pa.int32()),
        ("horizon", pa.int32()),
        *_hectares("actual", "forecast", "low", "high"),
    ]
)


def demand_table(rows: Sequence[Demand], base_year: int, district: str, industry: str) -> pa.Table:
    """Return a row for each scenario, method and coming year."""
    frames = [
        pd.DataFrame(
            {
                "year": base_year + np.arange(1, len(r.land_ha) + 1),
                "scenario": r.scenario,
                "method": r.method,
                "land_ha": r.land_ha,
                "demand_ha": r.demand_ha,
                "low_ha": r.low_ha,
                "high_ha": r.high_ha,
                "used": r.used,
                "rejected_reason": r.rejected_reason,
                "diagnostics": r.diagnostics,
            }
        )
        for r in rows
    ]
    return _table(frames, DEMAND, base_year, district, industry)


def supply_table(
    supply: pd.DataFrame, policy: ForecastPolicy, base_year: int, district: str, industry: str
) -> pa.Table:
    """Return a row for each scenario, year and source, from the base year to the horizon."""
    last = base_year + policy.horizon_years
    frames = [
        effective_supply(supply, policy.sources, s, base_year, last).assign(scenario=s.name) for s in policy.scenarios
    ]
    return _table(frames, SUPPLY, base_year, district, industry)


def balance_table(rows: Sequence[Demand], supply: pa.Table, base_year: int, district: str, industry: str) -> pa.Table:
    """Return a row for each scenario and coming year: cumulative supply less the combination's demand."""
    flows = supply.to_pandas()
    frames = [
        balance(
            flows[flows["scenario"] == r.scenario],
            base_year + np.arange(1, len(r.demand_ha) + 1),
            r.demand_ha,
            r.low_ha,
            r.high_ha,
        ).assign(scenario=r.scenario)
        for r in rows
        if r.method == COMBINATION
    ]
    return _table(frames, BALANCE, base_year, district, industry)


def backtest_table(
    tests: Mapping[str, Sequence[Trial]], series: str, base_year: int, policy: ForecastPolicy
) -> pa.Table:
    """Return a row for each method, origin and horizon, with the interval that could have been given then."""
    rows = []
    for method, trials in tests.items():
        for trial in trials:
            low, high = interval_then(trial, trials, policy.interval_coverage, policy.min_backtest_errors)
            rows.append(
                (base_year, series, method, trial.origin_year, trial.horizon, trial.actual, trial.forecast, low, high)
            )
    return pa.Table.from_pandas(pd.DataFrame(rows, columns=BACKTEST.names), schema=BACKTEST, preserve_index=False)


def _table(frames: list[pd.DataFrame], schema: pa.Schema, base_year: int, district: str, industry: str) -> pa.Table:
    """Stack frames of one district and industry; NaN leaves as NULL."""
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return schema.empty_table()
    frame = pd.concat(filled, ignore_index=True)
    frame = frame.assign(base_year=base_year, district_code=district, industry_code=industry)
    return pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
