"""Demand, supply and balance as the Arrow tables of schema `forecasted`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring.forecast.activity_tables import NOT_ALLOCATED
from scoring.forecast.combination import COMBINATION
from scoring.forecast.land_demand import FEW, WORSE, Demand, Engine
from scoring.forecast.land_policy import ALL

_NOTHING = 1e-9  # share of a total: less is rounding

_TEXT, _INT, _FLAG, _FLOAT = pa.string(), pa.int32(), pa.bool_(), pa.float64()
_UNIT = {"base_year": _INT, "year": _INT, "district_code": _TEXT, "industry_code": _TEXT}


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list({**_UNIT, **columns}.items()))


DEMAND = _schema(
    scenario=_TEXT,
    method=_TEXT,
    land_ha=_FLOAT,
    demand_ha=_FLOAT,
    low_ha=_FLOAT,
    high_ha=_FLOAT,
    weight=_FLOAT,
    used=_FLAG,
    rejected_reason=_TEXT,
    interval_basis=_TEXT,
    interval_reason=_TEXT,
)
SUPPLY = _schema(source=_TEXT, scenario=_TEXT, area_ha=_FLOAT)
ITEM = _schema(
    scenario=_TEXT,
    item_id=_TEXT,
    source=_TEXT,
    parcel_code=_TEXT,
    data_year=_INT,
    from_marts=_FLAG,
    area_ha=_FLOAT,
    overlap_ha=_FLOAT,
    realisation_rate=_FLOAT,
    industrial_share=_FLOAT,
    cut_ha=_FLOAT,
    effective_ha=_FLOAT,
    counted=_FLAG,
    duplicate_of=_TEXT,
    reason=_TEXT,
)
BALANCE = _schema(
    scenario=_TEXT,
    supply_of_year_ha=_FLOAT,
    supply_ha=_FLOAT,
    demand_ha=_FLOAT,
    balance_ha=_FLOAT,
    low_ha=_FLOAT,
    high_ha=_FLOAT,
    ratio=_FLOAT,
    first_shortage_year=_INT,
    lacking=_TEXT,
)
SENSITIVITY = _schema(
    scenario=_TEXT,
    driver=_TEXT,
    direction=_TEXT,
    step=_FLOAT,
    base_balance_ha=_FLOAT,
    balance_ha=_FLOAT,
    change_ha=_FLOAT,
)
GAP = _schema(
    scenario=_TEXT,
    shortage_ha=_FLOAT,
    output_per_land_rise_ratio=_FLOAT,
    output_per_land_rise_yearly_ratio=_FLOAT,
    low_efficiency_ha=_FLOAT,
    low_efficiency_share_ratio=_FLOAT,
    reason=_TEXT,
)


def table(frames: Sequence[pd.DataFrame], schema: pa.Schema, base_year: int) -> pa.Table:
    """Stack frames into a table of a schema; NaN leaves as NULL."""
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return schema.empty_table()
    frame = pd.concat(filled, ignore_index=True).assign(base_year=base_year)
    return pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)


def demand_rows(engine: Engine, demand: Demand, base_year: int) -> pd.DataFrame:
    """Return a row for each unit, method and coming year, the combination last."""
    base = engine.ground.land[:, None]
    frames = []
    for place, (name, land) in enumerate(demand.methods.items()):
        half = np.where(np.isfinite(land.values), demand.half_width[place], np.nan)
        low, high = np.maximum(land.values - half, 0.0) - base, land.values + half - base
        basis = np.where(np.isfinite(half), "land_backtest", None)
        weight = np.where(np.isfinite(land.values[:, :1]), demand.weights[place], np.nan)
        frames.append(_method(engine, name, land.values, low, high, weight, land.reason, basis, base_year))
    land, whole = demand.combined, np.where(np.isfinite(demand.combined.values), 1.0, np.nan)
    bounds = demand.low - base, demand.high - base
    frames.append(_method(engine, COMBINATION, land.values, *bounds, whole, land.reason, demand.basis, base_year))
    frames += _rest(engine, demand, base_year)
    return pd.concat(frames, ignore_index=True).assign(scenario=demand.scenario.name)


def _rest(engine: Engine, demand: Demand, base_year: int) -> list[pd.DataFrame]:
    """What totals do not allocate to their parts: a share of the base year's land, kept."""
    frames, land = [], demand.combined.values
    for link in engine.held(land):
        if abs(link.remainder_share) <= _NOTHING:
            continue
        district, industry = engine.known.district_code[link.total], engine.known.industry_code[link.total]
        if link.by == "industry":
            industry = NOT_ALLOCATED if industry == ALL else f"{industry}:{NOT_ALLOCATED}"
        else:
            district = NOT_ALLOCATED
        rest = land[link.total] - land[list(link.parts)].sum(axis=0)
        cells = {"year": base_year + np.arange(1, len(rest) + 1), "district_code": district, "industry_code": industry}
        cells |= {"land_ha": rest, "demand_ha": rest - engine.ground.land[link.total] * link.remainder_share}
        reasons = {"rejected_reason": NOT_ALLOCATED, "interval_reason": NOT_ALLOCATED}
        frames.append(pd.DataFrame(cells | reasons | {"method": NOT_ALLOCATED, "used": False}))
    return frames


def _method(
    engine: Engine,
    name: str,
    land: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    weight: np.ndarray,
    reason: np.ndarray,
    basis: np.ndarray,
    base_year: int,
) -> pd.DataFrame:
    units, steps = land.shape
    without = np.isfinite(land) & np.equal(basis, None)
    return pd.DataFrame(
        {
            "year": np.tile(base_year + np.arange(1, steps + 1), units),
            "district_code": np.repeat(engine.known.district_code, steps),
            "industry_code": np.repeat(engine.known.industry_code, steps),
            "method": name,
            "land_ha": land.ravel(),
            "demand_ha": (land - engine.ground.land[:, None]).ravel(),
            "low_ha": low.ravel(),
            "high_ha": high.ravel(),
            "weight": weight.ravel(),
            "used": (np.equal(reason, None)[:, None] & (weight != 0)).ravel(),
            "rejected_reason": _why(reason, weight).ravel(),
            "interval_basis": basis.ravel(),
            "interval_reason": np.where(without, FEW, None).ravel(),
        }
    )


def _why(reason: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Reasons (n, steps): of the unit, else that the back-test of so many years was worse than naive."""
    wide = np.repeat(reason[:, None], weight.shape[1], axis=1)
    wide[np.equal(wide, None) & (weight == 0)] = WORSE
    return wide
