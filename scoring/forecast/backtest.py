"""Rolling-origin back-test and the empirical interval that follows from its errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.forecast.methods import Outcome, Series

Floats = NDArray[np.float64]
Forecaster = Callable[[Series, int], Outcome]  # what was known, base year


@dataclass(frozen=True)
class Trial:
    """One forecast of the past: from origin_year, horizon years ahead, in hectares."""

    origin_year: int
    horizon: int
    actual: float
    forecast: float

    @property
    def error(self) -> float:
        """Size of the error as a share of the forecast."""
        return abs(self.actual - self.forecast) / self.forecast


def trials(series: Series, base_year: int, forecaster: Forecaster, horizon: int) -> list[Trial]:
    """Forecast from every earlier year with what was known then, as far as actual land is known.

    Years from which the method fails its own test give no trial.
    """
    known = {
        int(y): float(v) for y, v in zip(series.years, series.land_ha, strict=True) if np.isfinite(v) and y <= base_year
    }
    result = []
    for origin in sorted(known):
        outcome = forecaster(series.until(origin), origin)
        if outcome.land_ha is None:
            continue
        steps = range(1, min(horizon, base_year - origin) + 1)
        pairs = [(h, known.get(origin + h), float(outcome.land_ha[h - 1])) for h in steps]
        result += [Trial(origin, h, actual, forecast) for h, actual, forecast in pairs if actual is not None]
    return result


def half_widths(past: Sequence[Trial], horizon: int, coverage: float, min_errors: int) -> Floats:
    """Return for horizons 1 … `horizon` the half width of the interval as a share of the forecast; NaN: too few errors.

    Split-conformal: with m errors of that horizon the ceil((m+1) x coverage)-th smallest absolute relative error, which
    must be one of them. Widths do not shrink with the horizon.
    """
    widths = np.full(horizon, np.nan)
    for h in range(1, horizon + 1):
        errors = sorted(t.error for t in past if t.horizon == h)
        place = math.ceil((len(errors) + 1) * coverage - 1e-9)
        if len(errors) >= min_errors and place <= len(errors):
            widths[h - 1] = errors[place - 1]
    return np.where(np.isnan(widths), np.nan, np.fmax.accumulate(widths))


def interval_then(trial: Trial, past: Sequence[Trial], coverage: float, min_errors: int) -> tuple[float, float]:
    """Return the interval of a trial from the errors that were known in its origin year; NaN: too few."""
    known = [t for t in past if t.origin_year + t.horizon <= trial.origin_year]
    width = float(half_widths(known, trial.horizon, coverage, min_errors)[-1])
    return trial.forecast * (1 - width), trial.forecast * (1 + width)
