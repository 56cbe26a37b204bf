"""Forecasts of activity, their back-test and their accuracy as Arrow tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from scoring.forecast import reconcile
from scoring.forecast.activity import NONE_USED, Activity, Measured, reasons
from scoring.forecast.combination import COMBINATION
from scoring.forecast.methods import BASELINES
from scoring.forecast.methods.base import FEW_ERRORS
from scoring.forecast.rules import ActivityRules

Floats = NDArray[np.float64]

NOT_ALLOCATED = "not_allocated"
FORECAST = pa.schema(
    [
        ("base_year", pa.int32()),
        ("year", pa.int32()),
        ("district_code", pa.string()),
        ("industry_code", pa.string()),
        ("measure", pa.string()),
        ("method", pa.string()),
        *((name, pa.float64()) for name in ("forecast", "reconciled", "low", "high", "weight")),
        ("used", pa.bool_()),
        ("rejected_reason", pa.string()),
        ("interval_reason", pa.string()),
        ("suspected_break_year", pa.int32()),
    ]
)
BACKTEST = pa.schema(
    [
        ("base_year", pa.int32()),
        ("series", pa.string()),
        ("measure", pa.string()),
        ("method", pa.string()),
        ("origin_year", pa.int32()),
        ("horizon", pa.int32()),
        *((name, pa.float64()) for name in ("actual", "forecast", "low", "high", "scale_value")),
        ("covered", pa.bool_()),
    ]
)
ACCURACY = pa.schema(
    [
        ("base_year", pa.int32()),
        ("measure", pa.string()),
        ("method", pa.string()),
        ("horizon", pa.int32()),
        ("series_count", pa.int32()),
        ("trials", pa.int32()),
        *((name, pa.float64()) for name in ("mape_ratio", "mase_ratio", "coverage_ratio", "nominal_ratio")),
        ("combined_beats_baselines", pa.bool_()),
    ]
)


def forecast_table(done: Activity) -> pa.Table:
    """Return a row for each measure, series, coming year and method, the combination last, and what is not allocated.

    The rows `not_allocated` stand in the place of the parts' industry or district; they have no interval.
    """
    frames = [frame for m in done.measures.values() for frame in (*_methods(m, done), _joint(m, done), _rest(m, done))]
    return _table(frames, FORECAST, done.base_year)


def _methods(m: Measured, done: Activity) -> Iterator[pd.DataFrame]:
    for place, method in enumerate(m.methods):
        half = m.half_width[place]
        yield _long(
            m,
            done,
            method=method,
            forecast=m.forecast[place],
            low=_floored(m, m.forecast[place] - half),
            high=m.forecast[place] + half,
            weight=m.weight[place],
            used=m.weight[place] > 0,
            rejected_reason=reasons(m.reason[place]),
        )


def _joint(m: Measured, done: Activity) -> pd.DataFrame:
    used = np.isfinite(m.combination)
    return _long(
        m,
        done,
        method=COMBINATION,
        forecast=m.combination,
        reconciled=m.reconciled,
        low=m.low,
        high=m.high,
        weight=used.astype(float),
        used=used,
        rejected_reason=np.where(used, None, NONE_USED),
    )


def _rest(m: Measured, done: Activity) -> pd.DataFrame:
    """What totals do not allocate: along industries at (district, not_allocated), along districts the other way."""
    rows = reconcile.remainders(m.reconciled, m.links)
    frames = []
    for link, values in rows:
        district, industry = m.panel.district_code[link.total], m.panel.industry_code[link.total]
        if link.by == "industry":
            industry = NOT_ALLOCATED if industry == reconcile.WHOLE else f"{industry}:{NOT_ALLOCATED}"
        else:
            district = NOT_ALLOCATED
        cells = {"year": done.years, "district_code": district, "industry_code": industry, "reconciled": values}
        frames.append(pd.DataFrame(cells | {"measure": m.measure, "method": NOT_ALLOCATED, "used": False}))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _floored(m: Measured, low: Floats) -> Floats:
    return np.where((m.panel.values[:, -1] >= 0)[:, None], np.maximum(low, 0.0), low)


def _long(m: Measured, done: Activity, method: str, **matrices: NDArray[np.generic]) -> pd.DataFrame:
    """Rows by series and year of matrices (n, H)."""
    steps = len(done.years)
    columns = {name: matrix.ravel() for name, matrix in matrices.items()}
    frame = pd.DataFrame(columns).assign(
        measure=m.measure,
        method=method,
        year=np.tile(done.years, len(m.panel)),
        district_code=np.repeat(m.panel.district_code, steps),
        industry_code=np.repeat(m.panel.industry_code, steps),
        suspected_break_year=pd.array(np.repeat(m.suspected_break, steps)).astype("Int32"),
    )
    frame["suspected_break_year"] = frame["suspected_break_year"].replace(0, pd.NA)
    no_interval = frame["forecast"].notna() & frame["low"].isna()
    return frame.assign(interval_reason=np.where(no_interval, FEW_ERRORS, None))


def backtest_table(done: Activity, rules: ActivityRules) -> pa.Table:
    """Return a row for each trial: what a method said in the origin year, with the interval it could have given.

    Of a district's divisions only the combination and the methods that policy names (`cell_trials`).
    """
    frames = [_trials(m, place, rules) for m in done.measures.values() for place in range(len(m.test.methods))]
    return _table(frames, BACKTEST, done.base_year)


def _trials(m: Measured, place: int, rules: ActivityRules) -> pd.DataFrame:
    every = place == len(rules.methods) or rules.methods[place].cell_trials
    shown = np.isfinite(m.errors[place]) & (every | ~m.is_cell)[:, None]
    origin, series, step = np.nonzero(shown)
    forecast, scale = m.test.forecast[place, origin, series, step], m.test.scale[origin, series]
    half = m.width[place, origin, m.levels.of[series], step] * (np.abs(forecast) if rules.scale_by_forecast else scale)
    actual = m.test.actual[origin, series, step]
    inside = pd.array(np.abs(actual - forecast) <= half).astype("boolean")
    inside[np.isnan(half)] = pd.NA
    return pd.DataFrame(
        {
            "series": np.array(m.panel.names, dtype=object)[series],
            "measure": m.measure,
            "method": m.test.methods[place],
            "origin_year": m.panel.years[origin],
            "horizon": step + 1,
            "actual": actual,
            "forecast": forecast,
            "low": forecast - half,
            "high": forecast + half,
            "scale_value": scale,
            "covered": inside,
        }
    )


def accuracy_table(done: Activity, rules: ActivityRules) -> pa.Table:
    """Return MAPE, MASE and coverage by measure, method and horizon, where there are trials.

    `combined_beats_baselines` stands at the combination: its MASE is below that of every baseline on the trials that
    all of them have.
    """
    frames = [_accuracy(m, place, rules) for m in done.measures.values() for place in range(len(m.test.methods))]
    return _table(frames, ACCURACY, done.base_year)


def _accuracy(m: Measured, place: int, rules: ActivityRules) -> pd.DataFrame:
    rows = [_accuracy_at(m, place, step, rules) for step in range(m.errors.shape[3])]
    return pd.DataFrame([row for row in rows if row is not None])


def _accuracy_at(m: Measured, place: int, step: int, rules: ActivityRules) -> dict[str, object] | None:
    errors = m.errors[place, :, :, step]
    there = np.isfinite(errors)
    if not there.any():
        return None
    actual = m.test.actual[:, :, step]
    sized = there & (actual != 0)
    relative = errors[sized] * np.broadcast_to(m.test.scale, there.shape)[sized] / np.abs(actual[sized])
    return {
        "measure": m.measure,
        "method": m.test.methods[place],
        "horizon": step + 1,
        "series_count": int(there.any(axis=0).sum()),
        "trials": int(there.sum()),
        "mape_ratio": float(relative.mean()) if len(relative) else np.nan,
        "mase_ratio": float(errors[there].mean()),
        "coverage_ratio": _coverage(m, place, step, rules),
        "nominal_ratio": rules.coverage,
        "combined_beats_baselines": _beats(m, step) if m.test.methods[place] == COMBINATION else None,
    }


def _coverage(m: Measured, place: int, step: int, rules: ActivityRules) -> float:
    """The share of trials inside the interval that their origin could have given; NaN: none could."""
    errors = m.errors[place, :, :, step]
    width = m.width[place, :, m.levels.of, step].T
    if rules.scale_by_forecast:
        width = width * np.abs(m.test.forecast[place, :, :, step]) / m.test.scale
    given = np.isfinite(errors) & np.isfinite(width)
    return float((errors <= width)[given].mean()) if given.any() else np.nan


def _beats(m: Measured, step: int) -> bool | None:
    places = [m.test.methods.index(name) for name in BASELINES if name in m.test.methods]
    errors = m.errors[[-1, *places], :, :, step]
    both = np.isfinite(errors).all(axis=0)
    return bool((errors[0, both].mean() < errors[1:, both].mean(axis=1)).all()) if both.any() else None


def _table(frames: list[pd.DataFrame], schema: pa.Schema, base_year: int) -> pa.Table:
    """Stack frames in the schema's columns; NaN and what a frame does not have leave as NULL."""
    filled = [f.assign(base_year=base_year).reindex(columns=schema.names) for f in frames if len(f)]
    tables = [pa.Table.from_pandas(f, schema=schema, preserve_index=False) for f in filled]
    return pa.concat_tables(tables) if tables else schema.empty_table()
